// SPDX-License-Identifier: Apache-2.0

/// A tensor to be written.
public struct TensorSpecification: Sendable, Hashable {
    /// Its name; not empty and not `__metadata__`.
    public let name: String
    /// The type of its elements.
    public let dtype: StoredDType
    /// Its dimensions, outermost first; empty for a scalar.
    public let shape: [Int]

    /// Describes a tensor to be written; ``SafetensorsWriter`` checks it.
    public init(name: String, dtype: StoredDType, shape: [Int]) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
    }
}

/// Where each tensor goes in a file to be written, and the header that says so.
///
/// Order as in the safetensors library (`prepare` in its tensor.rs): wide types first, so that each tensor is aligned,
/// then by name. Metadata are sorted by key, which the library leaves to chance, so that equal content is equal bytes.
struct SafetensorsLayout {
    /// The tensors with their byte counts, in the file's order.
    let tensors: [(specification: TensorSpecification, byteCount: Int)]
    /// The length and the padded header: the file's first bytes.
    let prefix: [UInt8]

    /// Checks the request and lays it out; `path` is for messages.
    init(
        _ tensors: [TensorSpecification],
        metadata: [String: String],
        alignment: Int = 8,
        path: String
    ) throws(CheckpointError) {
        let sorted = tensors.sorted(by: Self.precedes)
        var names = Set<String>()
        var laidOut: [(specification: TensorSpecification, byteCount: Int)] = []
        var header = HeaderText(metadata: metadata)
        var offset = 0
        for tensor in sorted {
            let byteCount = try Self.byteCount(of: tensor, path: path)
            let (end, overflow) = offset.addingReportingOverflow(byteCount)
            guard !overflow else { throw Self.invalid(path, tensor.name, "the tensors are larger than any file") }
            guard names.insert(tensor.name).inserted else { throw Self.invalid(path, tensor.name, "it is given twice") }
            header.append(tensor, begin: offset, end: end)
            laidOut.append((tensor, byteCount))
            offset = end
        }
        self.tensors = laidOut
        prefix = try header.prefix(alignment: alignment, path: path)
    }

    private static func invalid(_ path: String, _ tensor: String?, _ reason: String) -> CheckpointError {
        CheckpointError(.invalidRequest, path: path, tensor: tensor, reason: reason)
    }

    private static func byteCount(of tensor: TensorSpecification, path: String) throws(CheckpointError) -> Int {
        if tensor.name.isEmpty { throw invalid(path, "", "a name may not be empty") }
        if tensor.name == SafetensorsHeader.metadataKey {
            throw invalid(path, tensor.name, "the format reserves this name")
        }
        if tensor.shape.count > TensorDescription.maximumRank {
            throw invalid(path, tensor.name, "it has more than \(TensorDescription.maximumRank) dimensions")
        }
        if tensor.shape.contains(where: { $0 < 0 }) {
            throw invalid(path, tensor.name, "shape \(tensor.shape) has a negative dimension")
        }
        guard let byteCount = tensor.dtype.byteCount(ofShape: tensor.shape) else {
            throw invalid(path, tensor.name, "shape \(tensor.shape) is larger than any memory")
        }
        return byteCount
    }

    private static func precedes(_ left: TensorSpecification, _ right: TensorSpecification) -> Bool {
        if left.dtype != right.dtype { return left.dtype.alignmentRank > right.dtype.alignmentRank }
        return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
}

extension StoredDType {
    /// The position in the safetensors library's list of types, which it sorts by, last first.
    fileprivate var alignmentRank: Int {
        switch self {
        case .bool: 0
        case .uint8: 1
        case .int8: 2
        case .float8e5m2: 3
        case .float8e4m3: 4
        case .int16: 5
        case .uint16: 6
        case .float16: 7
        case .bfloat16: 8
        case .int32: 9
        case .uint32: 10
        case .float32: 11
        case .float64: 12
        case .int64: 13
        case .uint64: 14
        }
    }
}

/// The header's JSON while it grows.
private struct HeaderText {
    private var text: [UInt8] = [UInt8](repeating: 0, count: 8) + [UInt8(ascii: "{")]
    private var isFirst = true

    init(metadata: [String: String]) {
        if metadata.isEmpty { return }
        key(SafetensorsHeader.metadataKey)
        let members = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        text += "{".utf8
        for (position, member) in members.enumerated() {
            if position > 0 { text += ",".utf8 }
            string(member.key)
            text += ":".utf8
            string(member.value)
        }
        text += "}".utf8
    }

    mutating func append(_ tensor: TensorSpecification, begin: Int, end: Int) {
        key(tensor.name)
        let shape = tensor.shape.map(String.init).joined(separator: ",")
        text += "{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(begin),\(end)]}".utf8
    }

    /// Closes the object, pads it so that it ends at a multiple of `alignment` bytes and puts its length in front.
    func prefix(alignment: Int, path: String) throws(CheckpointError) -> [UInt8] {
        var result = text + "}".utf8
        while !result.count.isMultiple(of: alignment) { result.append(UInt8(ascii: " ")) }
        let length = result.count - 8
        guard length <= SafetensorsHeader.maximumByteCount else {
            throw CheckpointError(
                .invalidRequest,
                path: path,
                reason: "names and metadata take \(length) bytes; readers accept \(SafetensorsHeader.maximumByteCount)"
            )
        }
        for index in 0..<8 { result[index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
        return result
    }

    private mutating func key(_ name: String) {
        if !isFirst { text += ",".utf8 }
        isFirst = false
        string(name)
        text += ":".utf8
    }

    /// Escapes what JSON wants escaped, as serde_json does; the rest is UTF-8.
    private mutating func string(_ string: String) {
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): text += "\\\"".utf8
            case UInt8(ascii: "\\"): text += "\\\\".utf8
            case 0x08: text += "\\b".utf8
            case 0x09: text += "\\t".utf8
            case 0x0A: text += "\\n".utf8
            case 0x0C: text += "\\f".utf8
            case 0x0D: text += "\\r".utf8
            case 0..<0x20: text += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
