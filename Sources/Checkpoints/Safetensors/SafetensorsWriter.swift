// SPDX-License-Identifier: Apache-2.0

/// Writes safetensors files, whole or not at all.
///
/// The header comes first in the file and needs only types and shapes, so elements are asked for one tensor at a time
/// and memory stays at one tensor, or at one piece of it. Equal content gives equal bytes: those that the safetensors
/// library would write, with the metadata sorted by key.
///
/// ```swift
/// let weight = TensorSpecification(name: "weight", dtype: .float32, shape: [2, 2])
/// try SafetensorsWriter.write(to: "out.safetensors", tensors: [weight]) { _ in bytes }
/// ```
public struct SafetensorsWriter: ~Copyable {
    private var file: AtomicFile
    private let path: String
    /// The tensor being written, and how many of its bytes are still to come.
    private var current: (name: String, byteCount: Int, remaining: Int) = ("", 0, 0)

    private init(path: String) throws(CheckpointError) {
        self.path = path
        file = try AtomicFile(path: path)
    }

    /// Writes a file whose tensors are given as arrays of bytes, one at a time.
    ///
    /// - Parameters:
    ///   - path: the file to write; one that is there is replaced when the new one is complete.
    ///   - tensors: what the file shall hold, in any order.
    ///   - metadata: the header's `__metadata__`; left out if empty.
    ///   - payload: gives a tensor's elements, row-major, little-endian. It is called once for each tensor, in the order
    ///     of the file: wide types first, then by name.
    /// - Throws: ``CheckpointError`` of kind `invalidRequest` or `unwritable`, and what `payload` throws; in each case
    ///   nothing is left behind and an older file stays.
    public static func write(
        to path: String,
        tensors: [TensorSpecification],
        metadata: [String: String] = [:],
        payload: (String) throws -> [UInt8]
    ) throws {
        try stream(to: path, tensors: tensors, metadata: metadata) { name, writer in
            let bytes = try payload(name)
            try unsafe writer.append(bytes.span.bytes)
        }
    }

    /// Writes a file whose tensors are appended in pieces, from wherever they lie.
    ///
    /// - Parameters:
    ///   - path: the file to write; one that is there is replaced when the new one is complete.
    ///   - tensors: what the file shall hold, in any order.
    ///   - metadata: the header's `__metadata__`; left out if empty.
    ///   - alignment: where the first tensor starts in the file is a multiple of this, itself a multiple of 8; the
    ///     library's is 8.
    ///   - body: calls ``append(_:)`` until all bytes of the named tensor are written. It is called once for each tensor,
    ///     in the order of the file: wide types first, then by name.
    /// - Throws: ``CheckpointError`` of kind `invalidRequest` or `unwritable`, and what `body` throws; in each case
    ///   nothing is left behind and an older file stays.
    public static func stream(
        to path: String,
        tensors: [TensorSpecification],
        metadata: [String: String] = [:],
        alignment: Int = 8,
        body: (_ name: String, _ writer: inout SafetensorsWriter) throws -> Void
    ) throws {
        let layout = try SafetensorsLayout(tensors, metadata: metadata, alignment: alignment, path: path)
        var writer = try SafetensorsWriter(path: path)
        try unsafe writer.file.write(layout.prefix.span.bytes)
        for (tensor, byteCount) in layout.tensors {
            writer.current = (tensor.name, byteCount, byteCount)
            try body(tensor.name, &writer)
            if writer.current.remaining != 0 { throw writer.wrongByteCount(byteCount - writer.current.remaining) }
        }
        try writer.file.commit()
    }

    /// Appends the next bytes of the current tensor.
    ///
    /// - Throws: ``CheckpointError`` of kind `invalidRequest` if they are more than its type and shape take, of kind
    ///   `unwritable` if the system does not take them.
    public mutating func append(_ bytes: RawSpan) throws(CheckpointError) {
        guard bytes.byteCount <= current.remaining else {
            throw wrongByteCount(current.byteCount - current.remaining + bytes.byteCount)
        }
        try file.write(bytes)
        current.remaining -= bytes.byteCount
    }

    /// Appends the next bytes of the current tensor, which the caller keeps alive for the duration of the call.
    ///
    /// - Throws: as ``append(_:)-(RawSpan)``.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        try unsafe append(bytes.bytes)
    }

    private func wrongByteCount(_ count: Int) -> CheckpointError {
        let reason = "\(count) bytes were given, its type and shape take \(current.byteCount)"
        return CheckpointError(.invalidRequest, path: path, tensor: current.name, reason: reason)
    }
}
