// SPDX-License-Identifier: Apache-2.0

/// A position in a ``PickleHeap``.
typealias PickleIndex = Int32

/// One object of a running pickle machine.
enum PickleNode {
    case value(PickleValue)
    case list([PickleIndex])
    case tuple([PickleIndex])
    /// Keys and values in turn.
    case dictionary([PickleIndex])
    case global(PickleGlobal)
    /// The dtype is nil for untyped storages.
    case storage(StoredDType?, Range<Int>)
}

/// The objects that a pickle has built so far.
///
/// They refer to each other by number, since a pickle fills containers after it has put them into others, and may even
/// put one into itself. The total is bounded, so that a small hostile pickle cannot grow without limit.
struct PickleHeap {
    private(set) var nodes: [PickleNode] = []
    private var elementCount = 0

    /// Objects and elements of containers together; a large training state has some 200,000.
    static let maximumCount = 2_000_000

    /// Whether the bound is passed.
    var isFull: Bool { nodes.count + elementCount > Self.maximumCount }

    /// Adds an object.
    mutating func add(_ node: PickleNode) -> PickleIndex {
        switch node {
        case .list(let elements), .tuple(let elements), .dictionary(let elements): elementCount += elements.count
        case .value, .global, .storage: break
        }
        nodes.append(node)
        return PickleIndex(nodes.count - 1)
    }

    /// Appends to a list; false if it is none.
    mutating func append(_ elements: some Collection<PickleIndex>, toList index: PickleIndex) -> Bool {
        guard case .list(var list) = nodes[Int(index)] else { return false }
        // The array is taken out while it grows, so that it is not copied.
        nodes[Int(index)] = .list([])
        list += elements
        nodes[Int(index)] = .list(list)
        elementCount += elements.count
        return true
    }

    /// Appends keys and values in turn to a dictionary; false if it is none or they are not pairs.
    mutating func append(_ members: some Collection<PickleIndex>, toDictionary index: PickleIndex) -> Bool {
        guard members.count.isMultiple(of: 2), case .dictionary(var list) = nodes[Int(index)] else { return false }
        nodes[Int(index)] = .dictionary([])
        list += members
        nodes[Int(index)] = .dictionary(list)
        elementCount += members.count
        return true
    }

    subscript(index: PickleIndex) -> PickleNode { nodes[Int(index)] }
}
