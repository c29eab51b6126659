// SPDX-License-Identifier: Apache-2.0

/// Turns the objects of a finished pickle into a ``PickleValue`` and gathers its tensors by dotted path.
///
/// Objects may be shared, so a small pickle can describe an enormous tree, or one that contains itself: size and depth
/// are bounded.
struct PickleTree {
    private let heap: PickleHeap
    private let path: String
    private var visitCount = 0
    /// The tensors by path: keys and list positions from the root on, joined by dots; `""` for a bare tensor.
    private(set) var tensors: [String: ArchivedTensor] = [:]

    static let maximumDepth = 64
    static let maximumVisitCount = 2_000_000
    static let maximumNameByteCount = 4096

    /// Prepares to walk; `path` is the file's, for messages.
    init(_ heap: PickleHeap, path: String) {
        self.heap = heap
        self.path = path
    }

    /// The value of an object.
    mutating func value(
        _ index: PickleIndex,
        name: String = "",
        depth: Int = 0
    ) throws(CheckpointError) -> PickleValue {
        visitCount += 1
        guard visitCount <= Self.maximumVisitCount else {
            throw failure(.unsupported, "it describes more than \(Self.maximumVisitCount) objects")
        }
        guard depth <= Self.maximumDepth else {
            throw failure(.unsupported, "its objects are nested more than \(Self.maximumDepth) deep, or in themselves")
        }
        switch heap[index] {
        case .value(let value):
            if case .tensor(let tensor) = value { try add(tensor, name: name) }
            return value
        case .list(let elements):
            return .list(try values(elements, name: name, depth: depth))
        case .tuple(let elements):
            return .tuple(try values(elements, name: name, depth: depth))
        case .dictionary(let members):
            return .dictionary(try dictionary(members, name: name, depth: depth))
        case .global(.dtype(let dtype)):
            return .dtype(dtype)
        case .global, .storage:
            throw failure(.unsupported, "it holds a class or a bare storage as a value")
        }
    }

    private mutating func values(
        _ elements: [PickleIndex],
        name: String,
        depth: Int
    ) throws(CheckpointError) -> [PickleValue] {
        var values: [PickleValue] = []
        for (position, element) in elements.enumerated() {
            values.append(try value(element, name: join(name, "\(position)"), depth: depth + 1))
        }
        return values
    }

    private mutating func dictionary(
        _ members: [PickleIndex],
        name: String,
        depth: Int
    ) throws(CheckpointError) -> [PickleValue.Member] {
        var result: [PickleValue.Member] = []
        var keys = Set<PickleValue>()
        for position in stride(from: 0, to: members.count, by: 2) {
            guard case .value(let key) = heap[members[position]], let component = Self.component(key) else {
                throw failure(.unsupported, "a dictionary's key is neither a string nor an integer")
            }
            guard keys.insert(key).inserted else {
                throw failure(.malformed, "a dictionary has the key \(CheckpointError.quoted(component)) twice")
            }
            let value = try value(members[position + 1], name: join(name, component), depth: depth + 1)
            result.append(PickleValue.Member(key: key, value: value))
        }
        return result
    }

    private static func component(_ key: PickleValue) -> String? {
        key.stringValue ?? key.integerValue.map(String.init)
    }

    private func join(_ name: String, _ component: String) throws(CheckpointError) -> String {
        guard name.utf8.count + component.utf8.count < Self.maximumNameByteCount else {
            throw failure(.unsupported, "the path of an object has more than \(Self.maximumNameByteCount) bytes")
        }
        return name.isEmpty ? component : "\(name).\(component)"
    }

    private mutating func add(_ tensor: ArchivedTensor, name: String) throws(CheckpointError) {
        guard tensors.updateValue(tensor, forKey: name) == nil else {
            throw CheckpointError(.malformed, path: path, tensor: name, reason: "two tensors have this dotted path")
        }
    }

    private func failure(_ kind: CheckpointError.Kind, _ reason: String) -> CheckpointError {
        CheckpointError(kind, path: path, reason: "pickle: \(reason)")
    }
}
