// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// e to the power of each element.
    public func exp() throws(TorchError) -> Tensor { try Tensor("exp") { unsafe $0.pointee.exp($1, pointer) } }

    /// The natural logarithm.
    public func log() throws(TorchError) -> Tensor { try Tensor("log") { unsafe $0.pointee.log($1, pointer) } }

    /// The sine.
    public func sin() throws(TorchError) -> Tensor { try Tensor("sin") { unsafe $0.pointee.sin($1, pointer) } }

    /// The cosine.
    public func cos() throws(TorchError) -> Tensor { try Tensor("cos") { unsafe $0.pointee.cos($1, pointer) } }

    /// The angle whose cosine it is, 0…π.
    public func acos() throws(TorchError) -> Tensor { try Tensor("acos") { unsafe $0.pointee.acos($1, pointer) } }

    /// The hyperbolic tangent.
    public func tanh() throws(TorchError) -> Tensor { try Tensor("tanh") { unsafe $0.pointee.tanh($1, pointer) } }

    /// The error function.
    public func erf() throws(TorchError) -> Tensor { try Tensor("erf") { unsafe $0.pointee.erf($1, pointer) } }

    /// The square root.
    public func sqrt() throws(TorchError) -> Tensor { try Tensor("sqrt") { unsafe $0.pointee.sqrt($1, pointer) } }

    /// 1 divided by the square root.
    public func rsqrt() throws(TorchError) -> Tensor { try Tensor("rsqrt") { unsafe $0.pointee.rsqrt($1, pointer) } }

    /// The square.
    public func square() throws(TorchError) -> Tensor { try Tensor("square") { unsafe $0.pointee.square($1, pointer) } }

    /// 1 divided by each element.
    public func reciprocal() throws(TorchError) -> Tensor {
        try Tensor("reciprocal") { unsafe $0.pointee.reciprocal($1, pointer) }
    }

    /// The absolute value.
    public func abs() throws(TorchError) -> Tensor { try Tensor("abs") { unsafe $0.pointee.abs($1, pointer) } }

    /// −1, 0 or 1.
    public func sign() throws(TorchError) -> Tensor { try Tensor("sign") { unsafe $0.pointee.sign($1, pointer) } }

    /// The greatest whole number that is not above.
    public func floor() throws(TorchError) -> Tensor { try Tensor("floor") { unsafe $0.pointee.floor($1, pointer) } }

    /// The least whole number that is not below.
    public func ceil() throws(TorchError) -> Tensor { try Tensor("ceil") { unsafe $0.pointee.ceil($1, pointer) } }

    /// The nearest whole number, halves to even.
    public func round() throws(TorchError) -> Tensor { try Tensor("round") { unsafe $0.pointee.round($1, pointer) } }

    /// Each element to a power.
    public func pow(_ exponent: Double) throws(TorchError) -> Tensor {
        try Tensor("pow") { unsafe $0.pointee.pow($1, pointer, exponent) }
    }
}

extension Tensor {
    /// The element where it is positive, else 0.
    public func relu() throws(TorchError) -> Tensor { try Tensor("relu") { unsafe $0.pointee.relu($1, pointer) } }

    /// 1 / (1 + e⁻ˣ).
    public func sigmoid() throws(TorchError) -> Tensor {
        try Tensor("sigmoid") { unsafe $0.pointee.sigmoid($1, pointer) }
    }

    /// x · sigmoid(x).
    public func silu() throws(TorchError) -> Tensor { try Tensor("silu") { unsafe $0.pointee.silu($1, pointer) } }

    /// log(1 + eˣ).
    public func softplus() throws(TorchError) -> Tensor {
        try Tensor("softplus") { unsafe $0.pointee.softplus($1, pointer) }
    }

    /// x · Φ(x), with the normal distribution's Φ or its approximation by tanh.
    public func gelu(tanhApproximation: Bool = false) throws(TorchError) -> Tensor {
        try Tensor("gelu") { unsafe $0.pointee.gelu($1, pointer, tanhApproximation) }
    }
}
