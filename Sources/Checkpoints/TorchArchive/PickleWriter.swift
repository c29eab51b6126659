// SPDX-License-Identifier: Apache-2.0

/// Writes the pickle of a torch archive, protocol 2: what `torch.save` would write, without its memo.
struct PickleWriter {
    private static let storageNames: [StoredDType: String] = [
        .float64: "DoubleStorage", .float32: "FloatStorage", .float16: "HalfStorage", .bfloat16: "BFloat16Storage",
        .int64: "LongStorage", .int32: "IntStorage", .int16: "ShortStorage", .int8: "CharStorage",
        .uint8: "ByteStorage",
        .bool: "BoolStorage",
    ]

    private var bytes: [UInt8] = [0x80, 2]
    /// The elements of each tensor, in the order in which the pickle names them.
    private(set) var storages: [[UInt8]] = []
    private let path: String

    init(path: String) { self.path = path }

    /// The whole pickle.
    var finished: [UInt8] { bytes + [UInt8(ascii: ".")] }

    /// Appends a value.
    ///
    /// - Throws: ``CheckpointError`` of kind `invalidRequest`.
    mutating func write(_ value: TorchArchiveWriter.Value) throws(CheckpointError) {
        switch value {
        case .none: opcode("N")
        case .boolean(let flag): bytes.append(flag ? 0x88 : 0x89)
        case .integer(let number): integer(number)
        case .float(let number):
            opcode("G")
            bytes += number.bitPattern.bigEndianBytes
        case .string(let text): string(text)
        case .list(let values):
            opcode("]")
            opcode("(")
            for value in values { try write(value) }
            opcode("e")
        case .dictionary(let members):
            opcode("}")
            opcode("(")
            for member in members {
                string(member.key)
                try write(member.value)
            }
            opcode("u")
        case .tensor(let tensor): try write(tensor)
        }
    }

    private mutating func opcode(_ character: Unicode.Scalar) { bytes.append(UInt8(ascii: character)) }

    private mutating func integer(_ number: Int) {
        // LONG1: eight bytes hold every Int.
        bytes += [0x8A, 8] + Int64(number).littleEndianBytes
    }

    private mutating func string(_ text: String) {
        let utf8 = Array(text.utf8)
        opcode("X")
        bytes += UInt32(utf8.count).littleEndianBytes + utf8
    }

    private mutating func global(_ module: String, _ name: String) {
        opcode("c")
        bytes += Array("\(module)\n\(name)\n".utf8)
    }

    private mutating func tuple(_ numbers: [Int]) {
        opcode("(")
        for number in numbers { integer(number) }
        opcode("t")
    }

    /// A call of `_rebuild_tensor_v2` on a storage of its own.
    private mutating func write(_ tensor: TorchArchiveWriter.Tensor) throws(CheckpointError) {
        guard let storage = Self.storageNames[tensor.dtype] else {
            let reason = "torch archives have no storage of type \(tensor.dtype.rawValue)"
            throw CheckpointError(.invalidRequest, path: path, reason: reason)
        }
        guard tensor.dtype.byteCount(ofShape: tensor.shape) == tensor.bytes.count else {
            let reason = "\(tensor.bytes.count) bytes were given for \(tensor.shape) of type \(tensor.dtype.rawValue)"
            throw CheckpointError(.invalidRequest, path: path, reason: reason)
        }
        global("torch._utils", "_rebuild_tensor_v2")
        opcode("(")
        opcode("(")
        string("storage")
        global("torch", storage)
        string(String(storages.count))
        string("cpu")
        integer(tensor.bytes.count / tensor.dtype.byteCount)
        opcode("t")
        opcode("Q")
        integer(0)
        tuple(tensor.shape)
        tuple(Self.strides(tensor.shape))
        bytes.append(0x89)
        global("collections", "OrderedDict")
        opcode(")")
        opcode("R")
        opcode("t")
        opcode("R")
        storages.append(tensor.bytes)
    }

    private static func strides(_ shape: [Int]) -> [Int] {
        var strides: [Int] = []
        var stride = 1
        for size in shape.reversed() {
            strides.append(stride)
            stride *= max(size, 1)
        }
        return strides.reversed()
    }
}

extension FixedWidthInteger {
    /// The number's bytes, the least significant first.
    var littleEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) }
    }

    /// The number's bytes, the most significant first.
    var bigEndianBytes: [UInt8] { littleEndianBytes.reversed() }
}
