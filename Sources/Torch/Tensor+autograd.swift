// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// Whether a backward pass reaches this tensor.
    public var requiresGradient: Bool { Library.read { unsafe $0.pointee.requiresGradient(pointer) } }

    /// Says whether operations on this tensor are recorded from now on, where gradients are enabled.
    ///
    /// - Throws: an error for a dtype without fractions, or for a result of recorded operations.
    public func setRequiresGradient(_ required: Bool) throws(TorchError) {
        try Library.call("setRequiresGradient") { unsafe $0.pointee.setRequiresGradient(pointer, required) }
    }

    /// What backward passes have added up here; nil before the first, and for results of operations.
    public var gradient: Tensor? {
        get throws(TorchError) {
            var result: OpaquePointer?
            try Library.call("gradient") { unsafe $0.pointee.gradient(&result, pointer) }
            guard let result = unsafe result else { return nil }
            return unsafe Tensor(adopting: result)
        }
    }

    /// Replaces what backward passes have added up; nil drops it.
    public func setGradient(_ gradient: Tensor?) throws(TorchError) {
        try Library.call("setGradient") { unsafe $0.pointee.setGradient(pointer, gradient?.pointer) }
    }

    /// Adds the derivative of this tensor to the gradient of every tensor that it was computed from.
    ///
    /// - Parameters:
    ///   - gradient: the derivative to start from; needed unless this is a single number.
    ///   - retainGraph: whether the recording is kept for another pass.
    /// - Throws: an error if nothing was recorded, or the recording is used up.
    public func backward(gradient: Tensor? = nil, retainGraph: Bool = false) throws(TorchError) {
        try Library.call("backward") { unsafe $0.pointee.backward(pointer, gradient?.pointer, retainGraph) }
    }
}
