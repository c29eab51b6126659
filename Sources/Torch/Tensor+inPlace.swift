// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// Adds `alpha · other` to this tensor.
    public func add(inPlace other: Tensor, alpha: Double = 1) throws(TorchError) {
        try Library.call("add(inPlace:)") { unsafe $0.pointee.addInPlace(pointer, other.pointer, alpha) }
    }

    /// Adds a number to every element of this tensor.
    public func add(inPlace number: Double) throws(TorchError) {
        try Library.call("add(inPlace:)") { unsafe $0.pointee.addNumberInPlace(pointer, number) }
    }

    /// Multiplies this tensor, element by element.
    public func multiply(inPlace other: Tensor) throws(TorchError) {
        try Library.call("multiply(inPlace:)") { unsafe $0.pointee.multiplyInPlace(pointer, other.pointer) }
    }

    /// Multiplies every element of this tensor by a number.
    public func multiply(inPlace number: Double) throws(TorchError) {
        try Library.call("multiply(inPlace:)") { unsafe $0.pointee.multiplyNumberInPlace(pointer, number) }
    }

    /// Makes this tensor, `[n, m]`, `beta · self + alpha · left · right`.
    public func addmm(
        inPlace left: Tensor,
        _ right: Tensor,
        beta: Double = 1,
        alpha: Double = 1
    ) throws(TorchError) {
        try Library.call("addmm(inPlace:)") {
            unsafe $0.pointee.addmmInPlace(pointer, left.pointer, right.pointer, beta, alpha)
        }
    }

    /// Brings every element of this tensor into a range; a bound that is nil does not bind.
    public func clamp(inPlaceMin min: Double?, max: Double?) throws(TorchError) {
        try Library.call("clamp(inPlaceMin:max:)") {
            unsafe $0.pointee.clampInPlace(pointer, CTOptionalDouble(min), CTOptionalDouble(max))
        }
    }

    /// Overwrites this tensor with another's elements, converted and broadcast as needed.
    public func copy(from source: Tensor) throws(TorchError) {
        try Library.call("copy(from:)") { unsafe $0.pointee.copyInPlace(pointer, source.pointer) }
    }

    /// Overwrites every element of this tensor with a number.
    public func fill(_ value: Double) throws(TorchError) {
        try Library.call("fill") { unsafe $0.pointee.fillInPlace(pointer, value) }
    }

    /// Adds a low-rank layer's output, `scale · (x · downᵀ) · upᵀ`, to this tensor.
    ///
    /// - Parameters:
    ///   - x: the layer's input, `[…, in]`.
    ///   - down: `[rank, in]`.
    ///   - up: `[out, rank]`; this tensor is `[…, out]` and contiguous.
    ///   - scale: the strength.
    /// - Throws: an error if shapes or dtypes do not fit, or this tensor's strides have gaps.
    public func loraAdd(_ x: Tensor, _ down: Tensor, _ up: Tensor, scale: Double = 1) throws(TorchError) {
        try Library.call("loraAdd") {
            unsafe $0.pointee.loraAdd(pointer, x.pointer, down.pointer, up.pointer, scale)
        }
    }
}
