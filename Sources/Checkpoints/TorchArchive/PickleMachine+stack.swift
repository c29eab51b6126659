// SPDX-License-Identifier: Apache-2.0

/// The stack, and what puts its objects into containers.
extension PickleMachine {
    /// Builds an object and puts it on the stack.
    mutating func push(_ node: PickleNode) {
        stack.append(heap.add(node))
    }

    /// The object on top, which stays.
    func top() throws(CheckpointError) -> PickleIndex {
        guard let last = stack.last, stack.count > marks.last ?? 0 else { throw underflow }
        return last
    }

    /// Takes the object on top.
    mutating func pop() throws(CheckpointError) -> PickleIndex {
        let index = try top()
        stack.removeLast()
        return index
    }

    /// Takes the `count` objects on top, in the order in which they were put there.
    mutating func pop(_ count: Int) throws(CheckpointError) -> [PickleIndex] {
        guard stack.count - (marks.last ?? 0) >= count else { throw underflow }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    /// Takes the objects above the last MARK, and the mark.
    mutating func popToMark() throws(CheckpointError) -> [PickleIndex] {
        guard let mark = marks.popLast() else { throw failure(.malformed, "a MARK is missing") }
        defer { stack.removeLast(stack.count - mark) }
        return Array(stack[mark...])
    }

    /// Puts the `count` objects on top into a tuple.
    mutating func pushTuple(_ count: Int) throws(CheckpointError) {
        push(.tuple(try pop(count)))
    }

    /// Appends to the list on top.
    mutating func append(_ elements: [PickleIndex]) throws(CheckpointError) {
        guard heap.append(elements, toList: try top()) else { throw failure(.malformed, "it appends to no list") }
    }

    /// Adds keys and values in turn to the dictionary on top.
    mutating func setItems(_ members: [PickleIndex]) throws(CheckpointError) {
        guard heap.append(members, toDictionary: try top()) else {
            throw failure(.malformed, "it sets items of no dictionary, or not in pairs")
        }
    }

    private var underflow: CheckpointError { failure(.malformed, "it takes an object from an empty stack") }
}
