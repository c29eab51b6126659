// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// The sum, element by element, with broadcasting.
    public static func + (a: Tensor, b: Tensor) throws(TorchError) -> Tensor { try a.adding(b) }

    /// The difference, element by element, with broadcasting.
    public static func - (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try Tensor("-") { unsafe $0.pointee.subtract($1, a.pointer, b.pointer) }
    }

    /// The product, element by element, with broadcasting.
    public static func * (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try Tensor("*") { unsafe $0.pointee.multiply($1, a.pointer, b.pointer) }
    }

    /// The quotient, element by element, with broadcasting; integers give fractions.
    public static func / (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try Tensor("/") { unsafe $0.pointee.divide($1, a.pointer, b.pointer) }
    }

    /// Adds a number to every element.
    public static func + (a: Tensor, b: Double) throws(TorchError) -> Tensor {
        try Tensor("+") { unsafe $0.pointee.addNumber($1, a.pointer, b) }
    }

    /// Subtracts a number from every element.
    public static func - (a: Tensor, b: Double) throws(TorchError) -> Tensor {
        try Tensor("-") { unsafe $0.pointee.addNumber($1, a.pointer, -b) }
    }

    /// Multiplies every element by a number.
    public static func * (a: Tensor, b: Double) throws(TorchError) -> Tensor {
        try Tensor("*") { unsafe $0.pointee.multiplyNumber($1, a.pointer, b) }
    }

    /// Divides every element by a number; integers give fractions.
    public static func / (a: Tensor, b: Double) throws(TorchError) -> Tensor {
        try Tensor("/") { unsafe $0.pointee.divideByNumber($1, a.pointer, b) }
    }

    /// Adds every element to a number.
    public static func + (a: Double, b: Tensor) throws(TorchError) -> Tensor { try b + a }

    /// Subtracts every element from a number.
    public static func - (a: Double, b: Tensor) throws(TorchError) -> Tensor {
        try Tensor("-") { unsafe $0.pointee.subtractFromNumber($1, b.pointer, a) }
    }

    /// Multiplies a number by every element.
    public static func * (a: Double, b: Tensor) throws(TorchError) -> Tensor { try b * a }

    /// Divides a number by every element: the reciprocal times the number, as Python computes it.
    public static func / (a: Double, b: Tensor) throws(TorchError) -> Tensor { try b.reciprocal() * a }

    /// Every element with the other sign.
    public static prefix func - (a: Tensor) throws(TorchError) -> Tensor {
        try Tensor("-") { unsafe $0.pointee.negate($1, a.pointer) }
    }
}

extension Tensor {
    /// `self + alpha · other`, with broadcasting.
    public func adding(_ other: Tensor, alpha: Double = 1) throws(TorchError) -> Tensor {
        try Tensor("+") { unsafe $0.pointee.add($1, pointer, other.pointer, alpha) }
    }

    /// `self + value · a · b`, with broadcasting.
    public func addcmul(_ a: Tensor, _ b: Tensor, value: Double = 1) throws(TorchError) -> Tensor {
        try Tensor("addcmul") { unsafe $0.pointee.addcmul($1, pointer, a.pointer, b.pointer, value) }
    }

    /// `self + weight · (end − self)`.
    public func lerp(_ end: Tensor, weight: Double) throws(TorchError) -> Tensor {
        try Tensor("lerp") { unsafe $0.pointee.lerp($1, pointer, end.pointer, weight) }
    }

    /// `self + weight · (end − self)` with a weight for each element.
    public func lerp(_ end: Tensor, weight: Tensor) throws(TorchError) -> Tensor {
        try Tensor("lerp") { unsafe $0.pointee.lerpTensor($1, pointer, end.pointer, weight.pointer) }
    }

    /// The smaller of each two elements.
    public func minimum(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("minimum") { unsafe $0.pointee.minimum($1, pointer, other.pointer) }
    }

    /// The greater of each two elements.
    public func maximum(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("maximum") { unsafe $0.pointee.maximum($1, pointer, other.pointer) }
    }

    /// Every element brought into a range; a bound that is nil does not bind.
    public func clamp(min: Double? = nil, max: Double? = nil) throws(TorchError) -> Tensor {
        try Tensor("clamp") { unsafe $0.pointee.clamp($1, pointer, CTOptionalDouble(min), CTOptionalDouble(max)) }
    }
}

extension CTOptionalDouble {
    /// Absent for nil.
    init(_ value: Double?) { self.init(value: value ?? 0, present: value != nil) }
}
