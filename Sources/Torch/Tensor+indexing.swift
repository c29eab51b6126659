// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// A view of some places of a dimension; bounds outside it are brought inside, negative ones count from the end.
    public func slice(
        _ dimension: Int,
        from start: Int = 0,
        to end: Int = Int.max,
        step: Int = 1
    ) throws(TorchError) -> Tensor {
        try Tensor("slice") { unsafe $0.pointee.slice($1, pointer, dimension, start, end, step) }
    }

    /// A view of `length` places of a dimension.
    ///
    /// - Throws: an error if they are not all inside.
    public func narrow(_ dimension: Int, from start: Int, length: Int) throws(TorchError) -> Tensor {
        try Tensor("narrow") { unsafe $0.pointee.narrow($1, pointer, dimension, start, length) }
    }

    /// A view of one place of a dimension, without that dimension.
    public func select(_ dimension: Int, _ index: Int) throws(TorchError) -> Tensor {
        try Tensor("select") { unsafe $0.pointee.select($1, pointer, dimension, index) }
    }

    /// At most `count` views of a dimension, of equal size but for the last.
    public func chunk(_ count: Int, dimension: Int) throws(TorchError) -> [Tensor] {
        guard count > 0 else { throw Shape.invalid("chunk", "there must be at least one chunk, not \(count)") }
        let total = try size(of: dimension, operation: "chunk")
        guard total > 0 else { return [self] }
        let length = (total + count - 1) / count
        var chunks: [Tensor] = []
        for start in stride(from: 0, to: total, by: length) {
            chunks.append(try narrow(dimension, from: start, length: Swift.min(length, total - start)))
        }
        return chunks
    }

    /// Views of a dimension, of these sizes one after the other.
    ///
    /// - Throws: `invalidArgument` if the sizes do not add up to the dimension's.
    public func split(sizes: [Int], dimension: Int) throws(TorchError) -> [Tensor] {
        let total = try size(of: dimension, operation: "split")
        guard sizes.allSatisfy({ (0...total).contains($0) }), sizes.reduce(0, +) == total else {
            throw Shape.invalid("split", "\(sizes) does not add up to \(total), the size of dimension \(dimension)")
        }
        var parts: [Tensor] = []
        var start = 0
        for size in sizes {
            parts.append(try narrow(dimension, from: start, length: size))
            start += size
        }
        return parts
    }

    private func size(of dimension: Int, operation: StaticString) throws(TorchError) -> Int {
        let shape = shape
        let index = dimension < 0 ? dimension + shape.count : dimension
        guard shape.indices.contains(index) else {
            throw TorchError.index(
                operation: operation.description,
                message: "\(shape) has no dimension \(dimension)"
            )
        }
        return shape[index]
    }
}

extension Tensor {
    /// Tensors one after the other along a dimension.
    public static func cat(_ tensors: [Tensor], dimension: Int) throws(TorchError) -> Tensor {
        let pointers = unsafe tensors.map { unsafe $0.pointer }
        return try Tensor("cat") { table, out in
            unsafe withExtendedLifetime(tensors) {
                unsafe table.pointee.cat(out, pointers, pointers.count, dimension)
            }
        }
    }

    /// Tensors of one shape one after the other along a new dimension.
    public static func stack(_ tensors: [Tensor], dimension: Int = 0) throws(TorchError) -> Tensor {
        let pointers = unsafe tensors.map { unsafe $0.pointer }
        return try Tensor("stack") { table, out in
            unsafe withExtendedLifetime(tensors) {
                unsafe table.pointee.stack(out, pointers, pointers.count, dimension)
            }
        }
    }

    /// Elements of `then` where the condition holds, else of `otherwise`, with broadcasting.
    public static func select(
        where condition: Tensor,
        then: Tensor,
        else otherwise: Tensor
    ) throws(TorchError) -> Tensor {
        try Tensor("select(where:)") {
            unsafe $0.pointee.`where`($1, condition.pointer, then.pointer, otherwise.pointer)
        }
    }
}

extension Tensor {
    /// The value where the mask is true, else the element.
    public func maskedFill(_ mask: Tensor, _ value: Double) throws(TorchError) -> Tensor {
        try Tensor("maskedFill") { unsafe $0.pointee.maskedFill($1, pointer, mask.pointer, value) }
    }

    /// For each place of `indices`, the element whose place along the dimension is the index there.
    public func gather(dimension: Int, indices: Tensor) throws(TorchError) -> Tensor {
        try Tensor("gather") { unsafe $0.pointee.gather($1, pointer, dimension, indices.pointer) }
    }

    /// The places of a dimension that a list of indices names, in its order.
    public func indexSelect(_ dimension: Int, _ indices: Tensor) throws(TorchError) -> Tensor {
        try Tensor("indexSelect") { unsafe $0.pointee.indexSelect($1, pointer, dimension, indices.pointer) }
    }

    /// A copy in which the elements that `indices` names along the dimension are the source's.
    public func scatter(dimension: Int, indices: Tensor, source: Tensor) throws(TorchError) -> Tensor {
        try Tensor("scatter") {
            unsafe $0.pointee.scatter($1, pointer, dimension, indices.pointer, source.pointer)
        }
    }

    /// The elements in order along a dimension, and where each was.
    public func sort(
        dimension: Int = -1,
        descending: Bool = false,
        stable: Bool = false
    ) throws(TorchError) -> (values: Tensor, indices: Tensor) {
        let (values, indices) = try Tensor.pair("sort") {
            unsafe $0.pointee.sort($1, $2, pointer, dimension, descending, stable)
        }
        return (values, indices)
    }

    /// The places of the elements in order along a dimension.
    public func argsort(
        dimension: Int = -1,
        descending: Bool = false,
        stable: Bool = false
    ) throws(TorchError) -> Tensor {
        try sort(dimension: dimension, descending: descending, stable: stable).indices
    }

    /// The `k` greatest elements along a dimension, falling, and where each was; or the least, rising.
    public func topk(
        _ k: Int,
        dimension: Int = -1,
        largest: Bool = true
    ) throws(TorchError) -> (values: Tensor, indices: Tensor) {
        let (values, indices) = try Tensor.pair("topk") {
            unsafe $0.pointee.topk($1, $2, pointer, k, dimension, largest)
        }
        return (values, indices)
    }

    /// The places of the elements that are not 0, one row each.
    public func nonzero() throws(TorchError) -> Tensor {
        try Tensor("nonzero") { unsafe $0.pointee.nonzero($1, pointer) }
    }
}
