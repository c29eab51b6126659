// SPDX-License-Identifier: Apache-2.0

/// What a torch archive holds: plain values, containers of them, and tensors.
///
/// Nothing in it can run code.
public enum PickleValue: Sendable, Hashable {
    /// Python's None.
    case none
    /// True or False.
    case boolean(Bool)
    /// An int that fits 64 bits.
    case integer(Int)
    /// A float.
    case float(Double)
    /// A str.
    case string(String)
    /// A bytes object.
    case bytes([UInt8])
    /// A torch dtype, as a value of its own.
    case dtype(StoredDType)
    /// A list.
    case list([PickleValue])
    /// A tuple or a torch.Size.
    case tuple([PickleValue])
    /// A dict or an OrderedDict, in its order; keys are strings or integers, each once.
    case dictionary([Member])
    /// A tensor or a parameter.
    indirect case tensor(ArchivedTensor)

    /// One key of a dictionary with its value.
    public struct Member: Sendable, Hashable {
        /// The key, always `string` or `integer`.
        public let key: PickleValue
        /// What is stored under it.
        public let value: PickleValue
    }

    /// The value under a string key of a dictionary, nil if this is none or has no such key.
    public subscript(key: String) -> PickleValue? {
        guard case .dictionary(let members) = self else { return nil }
        return members.first { $0.key == .string(key) }?.value
    }

    /// The integer, nil if this is none.
    public var integerValue: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The float or integer as a float, nil if this is neither.
    public var floatValue: Double? {
        switch self {
        case .float(let value): value
        case .integer(let value): Double(value)
        case .none, .boolean, .string, .bytes, .dtype, .list, .tuple, .dictionary, .tensor: nil
        }
    }

    /// The string, nil if this is none.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements of a list or tuple, nil if this is neither.
    public var elements: [PickleValue]? {
        switch self {
        case .list(let elements), .tuple(let elements): elements
        case .none, .boolean, .integer, .float, .string, .bytes, .dtype, .dictionary, .tensor: nil
        }
    }

    /// The tensor, nil if this is none.
    public var tensorValue: ArchivedTensor? {
        if case .tensor(let tensor) = self { tensor } else { nil }
    }
}
