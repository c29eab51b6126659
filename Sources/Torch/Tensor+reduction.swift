// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// The sum over the dimensions; integers give int64.
    ///
    /// Nil or an empty list means all of them.
    public func sum(dimensions: [Int]? = nil, keepDimension: Bool = false) throws(TorchError) -> Tensor {
        let list = dimensions ?? []
        return try Tensor("sum") { unsafe $0.pointee.sum($1, pointer, list, list.count, keepDimension) }
    }

    /// The mean over the dimensions.
    ///
    /// Nil or an empty list means all of them.
    public func mean(dimensions: [Int]? = nil, keepDimension: Bool = false) throws(TorchError) -> Tensor {
        let list = dimensions ?? []
        return try Tensor("mean") { unsafe $0.pointee.mean($1, pointer, list, list.count, keepDimension) }
    }

    /// The greatest element over the dimensions.
    ///
    /// Nil or an empty list means all of them.
    public func amax(dimensions: [Int]? = nil, keepDimension: Bool = false) throws(TorchError) -> Tensor {
        let list = dimensions ?? []
        return try Tensor("amax") { unsafe $0.pointee.amax($1, pointer, list, list.count, keepDimension) }
    }

    /// The least element over the dimensions.
    ///
    /// Nil or an empty list means all of them.
    public func amin(dimensions: [Int]? = nil, keepDimension: Bool = false) throws(TorchError) -> Tensor {
        let list = dimensions ?? []
        return try Tensor("amin") { unsafe $0.pointee.amin($1, pointer, list, list.count, keepDimension) }
    }

    /// The standard deviation over the dimensions; nil or an empty list means all of them.
    ///
    /// - Parameters:
    ///   - dimensions: which to reduce.
    ///   - correction: what is taken from the count, 1 for a sample's, 0 for a population's.
    ///   - keepDimension: whether reduced dimensions stay with size 1.
    /// - Returns: the deviations, of the dtype given.
    /// - Throws: an error for a dtype without fractions or a dimension that is not there.
    public func std(
        dimensions: [Int]? = nil,
        correction: Double = 1,
        keepDimension: Bool = false
    ) throws(TorchError) -> Tensor {
        let list = dimensions ?? []
        return try Tensor("std") {
            unsafe $0.pointee.std($1, pointer, list, list.count, correction, keepDimension)
        }
    }

    /// The variance over the dimensions; nil or an empty list means all of them.
    ///
    /// - Parameters:
    ///   - dimensions: which to reduce.
    ///   - correction: what is taken from the count, 1 for a sample's, 0 for a population's.
    ///   - keepDimension: whether reduced dimensions stay with size 1.
    /// - Returns: the variances, of the dtype given.
    /// - Throws: an error for a dtype without fractions or a dimension that is not there.
    public func `var`(
        dimensions: [Int]? = nil,
        correction: Double = 1,
        keepDimension: Bool = false
    ) throws(TorchError) -> Tensor {
        let list = dimensions ?? []
        return try Tensor("var") {
            unsafe $0.pointee.`var`($1, pointer, list, list.count, correction, keepDimension)
        }
    }

    /// The p-norm over the dimensions; nil or an empty list means all of them.
    public func norm(
        dimensions: [Int]? = nil,
        keepDimension: Bool = false,
        p: Double = 2
    ) throws(TorchError) -> Tensor {
        let list = dimensions ?? []
        return try Tensor("norm") { unsafe $0.pointee.norm($1, pointer, p, list, list.count, keepDimension) }
    }

    /// The greatest element.
    public func max() throws(TorchError) -> Tensor { try Tensor("max") { unsafe $0.pointee.max($1, pointer) } }

    /// The least element.
    public func min() throws(TorchError) -> Tensor { try Tensor("min") { unsafe $0.pointee.min($1, pointer) } }

    /// Whether one element is true, as a tensor of one.
    public func any() throws(TorchError) -> Tensor { try Tensor("any") { unsafe $0.pointee.any($1, pointer) } }

    /// Whether every element is true, as a tensor of one.
    public func all() throws(TorchError) -> Tensor { try Tensor("all") { unsafe $0.pointee.all($1, pointer) } }

    /// The index of the greatest element along a dimension; of the flattened tensor if it is nil.
    public func argmax(dimension: Int? = nil, keepDimension: Bool = false) throws(TorchError) -> Tensor {
        let choice = CTOptionalInt(value: dimension ?? 0, present: dimension != nil)
        return try Tensor("argmax") { unsafe $0.pointee.argmax($1, pointer, choice, keepDimension) }
    }

    /// The running sum along a dimension.
    public func cumsum(dimension: Int) throws(TorchError) -> Tensor {
        try Tensor("cumsum") { unsafe $0.pointee.cumsum($1, pointer, dimension) }
    }

    /// Exponentials along a dimension, scaled to add up to 1.
    public func softmax(dimension: Int) throws(TorchError) -> Tensor {
        try Tensor("softmax") { unsafe $0.pointee.softmax($1, pointer, dimension) }
    }
}
