// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// The same elements in another shape; one size may be −1.
    ///
    /// A copy only where a view cannot be.
    public func reshape(_ shape: [Int]) throws(TorchError) -> Tensor {
        try Tensor("reshape") { unsafe $0.pointee.reshape($1, pointer, shape, shape.count) }
    }

    /// The same memory in another shape; one size may be −1.
    ///
    /// Throws where that cannot be.
    public func view(_ shape: [Int]) throws(TorchError) -> Tensor {
        try Tensor("view") { unsafe $0.pointee.view($1, pointer, shape, shape.count) }
    }

    /// The dimensions in another order.
    public func permute(_ dimensions: [Int]) throws(TorchError) -> Tensor {
        try Tensor("permute") { unsafe $0.pointee.permute($1, pointer, dimensions, dimensions.count) }
    }

    /// A view in which dimensions of size 1 appear larger; −1 keeps a size.
    public func expand(_ shape: [Int]) throws(TorchError) -> Tensor {
        try Tensor("expand") { unsafe $0.pointee.expand($1, pointer, shape, shape.count) }
    }

    /// Copies side by side, so many for each dimension.
    public func repeated(_ counts: [Int]) throws(TorchError) -> Tensor {
        try Tensor("repeated") { unsafe $0.pointee.repeated($1, pointer, counts, counts.count) }
    }

    /// The reverse order along the dimensions.
    public func flip(_ dimensions: [Int]) throws(TorchError) -> Tensor {
        try Tensor("flip") { unsafe $0.pointee.flip($1, pointer, dimensions, dimensions.count) }
    }

    /// Two dimensions exchanged.
    public func transpose(_ first: Int, _ second: Int) throws(TorchError) -> Tensor {
        try Tensor("transpose") { unsafe $0.pointee.transpose($1, pointer, first, second) }
    }

    /// A run of dimensions made into one.
    public func flatten(from first: Int = 0, to last: Int = -1) throws(TorchError) -> Tensor {
        try Tensor("flatten") { unsafe $0.pointee.flatten($1, pointer, first, last) }
    }

    /// A new dimension of size 1 at this place.
    public func unsqueeze(_ dimension: Int) throws(TorchError) -> Tensor {
        try Tensor("unsqueeze") { unsafe $0.pointee.unsqueeze($1, pointer, dimension) }
    }

    /// This dimension taken away if its size is 1.
    public func squeeze(_ dimension: Int) throws(TorchError) -> Tensor {
        try Tensor("squeeze") { unsafe $0.pointee.squeeze($1, pointer, dimension) }
    }

    /// The elements in order without gaps; itself if they are.
    public func contiguous() throws(TorchError) -> Tensor {
        try Tensor("contiguous") { unsafe $0.pointee.contiguous($1, pointer) }
    }

    /// A copy with its own memory.
    public func clone() throws(TorchError) -> Tensor { try Tensor("clone") { unsafe $0.pointee.clone($1, pointer) } }

    /// The same memory, cut off from what recorded operations led to it.
    public func detach() throws(TorchError) -> Tensor { try Tensor("detach") { unsafe $0.pointee.detach($1, pointer) } }

    /// Each element so many times in a row along a dimension.
    public func repeatInterleave(_ count: Int, dimension: Int) throws(TorchError) -> Tensor {
        try Tensor("repeatInterleave") { unsafe $0.pointee.repeatInterleave($1, pointer, count, dimension) }
    }

    /// Shifts along a dimension; what leaves at one end comes in at the other.
    public func roll(_ shift: Int, dimension: Int) throws(TorchError) -> Tensor {
        try Tensor("roll") { unsafe $0.pointee.roll($1, pointer, shift, dimension) }
    }

    /// The upper triangle, 0 below; a positive diagonal keeps less.
    public func triu(_ diagonal: Int = 0) throws(TorchError) -> Tensor {
        try Tensor("triu") { unsafe $0.pointee.triu($1, pointer, diagonal) }
    }

    /// The lower triangle, 0 above; a positive diagonal keeps more.
    public func tril(_ diagonal: Int = 0) throws(TorchError) -> Tensor {
        try Tensor("tril") { unsafe $0.pointee.tril($1, pointer, diagonal) }
    }

    /// A border of one value.
    ///
    /// - Parameters:
    ///   - amounts: (before, after) of the last dimension, then of the one before it, and so on; negative cuts off.
    ///   - value: what the border is made of.
    /// - Returns: a larger copy, or a smaller one.
    /// - Throws: an error if a dimension would get a negative size.
    public func pad(_ amounts: [Int], value: Double = 0) throws(TorchError) -> Tensor {
        try Tensor("pad") { unsafe $0.pointee.pad($1, pointer, amounts, amounts.count, value) }
    }
}
