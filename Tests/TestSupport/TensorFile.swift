// SPDX-License-Identifier: Apache-2.0

public import Checkpoints
import Foundation

/// The tensors of a safetensors file as plain arrays: to read golden values, and to write files that are broken on purpose.
public struct TensorFile: Sendable {
    /// One tensor's type, shape and elements.
    public struct Entry: Sendable {
        /// The type of its elements.
        public var dtype: StoredDType
        /// Its dimensions.
        public var shape: [Int]
        /// Its elements, row-major, little-endian.
        public var bytes: [UInt8]

        /// Names all three.
        public init(dtype: StoredDType, shape: [Int], bytes: [UInt8]) {
            self.dtype = dtype
            self.shape = shape
            self.bytes = bytes
        }

        /// As many zeros as the shape takes.
        public init(zeros shape: [Int], dtype: StoredDType = .float32) {
            self.init(
                dtype: dtype,
                shape: shape,
                bytes: [UInt8](repeating: 0, count: shape.reduce(1, *) * dtype.byteCount)
            )
        }

        /// Writes a file that holds this tensor alone.
        ///
        /// - Throws: Foundation's error if it cannot be written.
        public func write(as name: String, to path: String) throws {
            try TensorFile(tensors: [name: self], metadata: [:]).write(to: path)
        }

        /// The elements of a float32 or bfloat16 tensor.
        public var floats: [Float] {
            let width = dtype.byteCount
            return (0..<bytes.count / max(width, 1)).map { position in
                let bits = bytes[position * width..<(position + 1) * width].reversed().reduce(UInt32(0)) {
                    $0 << 8 | UInt32($1)
                }
                return Float(bitPattern: width == 2 ? bits << 16 : bits)
            }
        }

        /// The elements of a float64 tensor.
        public var doubles: [Double] { int64s.map { Double(bitPattern: UInt64(bitPattern: $0)) } }

        /// The elements of an int64 tensor.
        public var int64s: [Int64] {
            (0..<bytes.count / 8).map { position in
                bytes[position * 8..<position * 8 + 8].reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
            }
        }
    }

    /// The tensors by name.
    public var tensors: [String: Entry]
    /// The header's metadata.
    public var metadata: [String: String]

    /// A file of these tensors.
    public init(tensors: [String: Entry], metadata: [String: String]) {
        self.tensors = tensors
        self.metadata = metadata
    }

    /// Reads every tensor of a file.
    ///
    /// - Throws: `CheckpointError` if it is no safetensors file.
    public init(path: String) throws {
        let file = try SafetensorsFile(path: path)
        metadata = file.metadata
        tensors = try file.tensors.mapValues { description in
            Entry(
                dtype: description.dtype,
                shape: description.shape,
                bytes: try unsafe file.withBytes(of: description.name) { unsafe [UInt8]($0) }
            )
        }
    }

    /// The names, sorted.
    public var names: [String] { tensors.keys.sorted() }

    /// A tensor by name.
    ///
    /// - Throws: ``MissingEntry``.
    public func entry(_ name: String) throws -> Entry {
        guard let entry = tensors[name] else { throw MissingEntry(name: name, present: names) }
        return entry
    }

    /// Writes the tensors to a new file in place of an old one.
    ///
    /// The bytes are put together here: broken files need not be safe on a disk, which is what takes `SafetensorsWriter` time.
    /// - Throws: Foundation's error if it cannot be written.
    public func write(to path: String) throws {
        var header: [String: Any] = ["__metadata__": metadata]
        var data: [UInt8] = []
        for name in names {
            let entry = try entry(name)
            header[name] = [
                "dtype": entry.dtype.rawValue, "shape": entry.shape,
                "data_offsets": [data.count, data.count + entry.bytes.count],
            ]
            data += entry.bytes
        }
        var text = try [UInt8](JSONSerialization.data(withJSONObject: header))
        text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
        if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
        try Data(length + text + data).write(to: URL(fileURLWithPath: path))
    }
}

/// A test asked for a tensor that its file does not hold.
public struct MissingEntry: Error, CustomStringConvertible {
    let name: String
    let present: [String]

    /// The name, and those that there are.
    public var description: String { "no tensor '\(name)' among \(present)" }
}
