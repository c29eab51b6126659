// SPDX-License-Identifier: Apache-2.0

/// The pickle opcodes that are understood: those that PyTorch writes for tensors, plain values and containers.
///
/// Names and numbers are those of Python's `pickletools`. What can call or build arbitrary objects (INST, OBJ, NEWOBJ,
/// EXT, …) is left out on purpose; REDUCE and BUILD are answered for a closed list of ``PickleGlobal``.
enum PickleOpcode: UInt8 {
    case proto = 0x80
    case frame = 0x95
    case stop = 0x2E
    case mark = 0x28
    case pop = 0x30
    case popMark = 0x31
    case duplicate = 0x32
    case none = 0x4E
    case newTrue = 0x88
    case newFalse = 0x89
    case binInt = 0x4A
    case binInt1 = 0x4B
    case binInt2 = 0x4D
    case long1 = 0x8A
    case binFloat = 0x47
    case shortBinUnicode = 0x8C
    case binUnicode = 0x58
    case binUnicode8 = 0x8D
    case shortBinString = 0x55
    case binString = 0x54
    case shortBinBytes = 0x43
    case binBytes = 0x42
    case emptyList = 0x5D
    case append = 0x61
    case appends = 0x65
    case emptyTuple = 0x29
    case tuple1 = 0x85
    case tuple2 = 0x86
    case tuple3 = 0x87
    case tuple = 0x74
    case emptyDictionary = 0x7D
    case setItem = 0x73
    case setItems = 0x75
    case binGet = 0x68
    case longBinGet = 0x6A
    case binPut = 0x71
    case longBinPut = 0x72
    case memoize = 0x94
    case global = 0x63
    case stackGlobal = 0x93
    case reduce = 0x52
    case build = 0x62
    case binPersistentID = 0x51
}

/// The Python names that a pickle may mention, and what they mean here.
///
/// No code of theirs exists, so none can run.
enum PickleGlobal: Equatable {
    /// `collections.OrderedDict`, only called without arguments.
    case orderedDictionary
    /// `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`.
    case rebuildTensor
    /// `torch._utils._rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype)`.
    case rebuildTypedTensor
    /// `torch._utils._rebuild_parameter(tensor, requires_grad, hooks)`.
    case rebuildParameter
    /// A storage class such as `torch.FloatStorage`; nil for `torch.storage.UntypedStorage`, which counts bytes.
    case storage(StoredDType?)
    /// A dtype such as `torch.float32`.
    case dtype(StoredDType)
    /// `torch.Size(tuple)`.
    case size
    /// `_codecs.encode(text, "latin1")`, protocol 2's way to write bytes.
    case encode

    /// The meaning of a name; nil for every name that is not on the list.
    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTypedTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch.storage", "UntypedStorage"): self = .storage(nil)
        case ("torch", "Size"): self = .size
        case ("_codecs", "encode"): self = .encode
        case ("torch", _):
            if let dtype = Self.storages[name] {
                self = .storage(dtype)
            } else if let dtype = Self.dtypes[name] {
                self = .dtype(dtype)
            } else {
                return nil
            }
        default: return nil
        }
    }

    private static let storages: [String: StoredDType] = [
        "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
        "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8,
        "ByteStorage": .uint8, "BoolStorage": .bool,
    ]

    private static let dtypes: [String: StoredDType] = [
        "float64": .float64, "float32": .float32, "float16": .float16, "bfloat16": .bfloat16, "int64": .int64,
        "int32": .int32, "int16": .int16, "int8": .int8, "uint8": .uint8, "uint16": .uint16, "uint32": .uint32,
        "uint64": .uint64, "bool": .bool, "float8_e4m3fn": .float8e4m3, "float8_e5m2": .float8e5m2,
    ]
}
