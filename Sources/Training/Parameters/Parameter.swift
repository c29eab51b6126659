// SPDX-License-Identifier: Apache-2.0

package import Torch

/// One trained tensor: a float32 master that the optimizer changes, and its rounding to the type that the model computes in.
package final class Parameter {
    /// The name in the adapter's file, such as `base_model.model.layers.0.self_attn.q_proj.lora_A.weight`.
    package let name: String
    /// The master, a float32 leaf; its gradient is what backward passes have added up.
    package let value: Tensor
    private let computeType: DType
    /// A leaf in the compute type, made when it is first used; nil where the master itself is computed with.
    private(set) var rounded: Tensor?

    /// Makes a leaf of a tensor.
    ///
    /// - Parameters:
    ///   - name: the name in the adapter's file.
    ///   - value: its first value, float32, which nobody else changes.
    ///   - computeType: the type that products are computed in.
    /// - Throws: `TorchError` if the tensor is a result of recorded operations.
    init(_ name: String, value: Tensor, computeType: DType) throws(TorchError) {
        self.name = name
        self.value = value
        self.computeType = computeType
        try value.setRequiresGradient(true)
    }

    /// The value as products take it, in the compute type.
    ///
    /// - Returns: a leaf whose gradient ``collectGradient()`` moves to the master.
    /// - Throws: `TorchError` if there is no memory for it.
    func callAsFunction() throws(TorchError) -> Tensor {
        guard computeType != .float32 else { return value }
        if let rounded { return rounded }
        let copy = try withoutGradients { () throws(TorchError) in try value.detach().to(computeType) }
        try copy.setRequiresGradient(true)
        rounded = copy
        return copy
    }

    /// Adds the gradient of the rounded value to the master's, in float32.
    func collectGradient() throws(TorchError) {
        guard let rounded, let gradient = try rounded.gradient else { return }
        let wide = try gradient.to(.float32)
        if let sum = try value.gradient { try sum.add(inPlace: wide) } else { try value.setGradient(wide) }
        try rounded.setGradient(nil)
    }
}
