// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// Where an element equals the other's.
    public func equalTo(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("equalTo") { unsafe $0.pointee.equalTo($1, pointer, other.pointer) }
    }

    /// Where an element equals the number.
    public func equalTo(_ number: Double) throws(TorchError) -> Tensor {
        try Tensor("equalTo") { unsafe $0.pointee.equalToNumber($1, pointer, number) }
    }

    /// Where an element differs from the other's.
    public func notEqualTo(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("notEqualTo") { unsafe $0.pointee.notEqualTo($1, pointer, other.pointer) }
    }

    /// Where an element differs from the number.
    public func notEqualTo(_ number: Double) throws(TorchError) -> Tensor {
        try Tensor("notEqualTo") { unsafe $0.pointee.notEqualToNumber($1, pointer, number) }
    }

    /// Where an element is less than the other's.
    public func lessThan(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("lessThan") { unsafe $0.pointee.lessThan($1, pointer, other.pointer) }
    }

    /// Where an element is less than the number.
    public func lessThan(_ number: Double) throws(TorchError) -> Tensor {
        try Tensor("lessThan") { unsafe $0.pointee.lessThanNumber($1, pointer, number) }
    }

    /// Where an element is at most the other's.
    public func lessThanOrEqual(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("lessThanOrEqual") { unsafe $0.pointee.lessThanOrEqual($1, pointer, other.pointer) }
    }

    /// Where an element is at most the number.
    public func lessThanOrEqual(_ number: Double) throws(TorchError) -> Tensor {
        try Tensor("lessThanOrEqual") { unsafe $0.pointee.lessThanOrEqualNumber($1, pointer, number) }
    }

    /// Where an element is greater than the other's.
    public func greaterThan(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("greaterThan") { unsafe $0.pointee.greaterThan($1, pointer, other.pointer) }
    }

    /// Where an element is greater than the number.
    public func greaterThan(_ number: Double) throws(TorchError) -> Tensor {
        try Tensor("greaterThan") { unsafe $0.pointee.greaterThanNumber($1, pointer, number) }
    }

    /// Where an element is at least the other's.
    public func greaterThanOrEqual(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("greaterThanOrEqual") { unsafe $0.pointee.greaterThanOrEqual($1, pointer, other.pointer) }
    }

    /// Where an element is at least the number.
    public func greaterThanOrEqual(_ number: Double) throws(TorchError) -> Tensor {
        try Tensor("greaterThanOrEqual") { unsafe $0.pointee.greaterThanOrEqualNumber($1, pointer, number) }
    }
}

extension Tensor {
    /// Whether shapes are the same and all elements are equal.
    public func equal(_ other: Tensor) throws(TorchError) -> Bool {
        var result = false
        try Library.call("equal") { unsafe $0.pointee.equal(&result, pointer, other.pointer) }
        return result
    }

    /// Where both are true, that is not 0.
    public func logicalAnd(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("logicalAnd") { unsafe $0.pointee.logicalAnd($1, pointer, other.pointer) }
    }

    /// Where one or both are true, that is not 0.
    public func logicalOr(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("logicalOr") { unsafe $0.pointee.logicalOr($1, pointer, other.pointer) }
    }

    /// Where an element is 0.
    public func logicalNot() throws(TorchError) -> Tensor {
        try Tensor("logicalNot") { unsafe $0.pointee.logicalNot($1, pointer) }
    }

    /// Where an element is neither infinite nor NaN.
    public func isfinite() throws(TorchError) -> Tensor {
        try Tensor("isfinite") { unsafe $0.pointee.isfinite($1, pointer) }
    }

    /// Where an element is NaN.
    public func isnan() throws(TorchError) -> Tensor { try Tensor("isnan") { unsafe $0.pointee.isnan($1, pointer) } }
}
