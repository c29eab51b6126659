// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Checkpoints
import Torch

// LyCORIS's families, as its forward computes them (its merge_to applies alpha/rank twice).
extension EffectiveWeights {
    /// LoKr: `s·(W₁ ⊗ W₂)` with a convolution's W₂ folded to `[out, in·kernel]` first.
    func kroneckerProduct(of module: AdapterModule) throws -> Tensor {
        let first = try factor(.kroneckerFirst, .kroneckerFirstA, .kroneckerFirstB, core: nil, of: module)
        let second = try factor(
            .kroneckerSecond,
            .kroneckerSecondA,
            .kroneckerSecondB,
            core: .kroneckerTucker,
            of: module
        )
        return try first.kron(second) * lycorisScale(of: module)
    }

    /// LoHa: `s·(A₁·B₁) ⊙ (A₂·B₂)`, `[out, in·kernel]`.
    func hadamardProduct(of module: AdapterModule) throws -> Tensor {
        let first = try factor(nil, .hadamardFirstA, .hadamardFirstB, core: .hadamardFirstTucker, of: module)
        let second = try factor(nil, .hadamardSecondA, .hadamardSecondB, core: .hadamardSecondTucker, of: module)
        return try first * second * lycorisScale(of: module)
    }

    /// `alpha / rank`, the rank being that of a factor stored as a product; 1 where no factor is, or no alpha is stored.
    func lycorisScale(of module: AdapterModule) throws -> Double {
        let rank =
            module.tensors[.kroneckerFirstB]?.shape.first ?? module.tensors[.kroneckerSecondB]?.shape.first
            ?? module.tensors[.hadamardFirstB]?.shape.first
        guard let rank, rank > 0, let alpha = try alpha(of: module) else { return 1 }
        return alpha / Double(rank)
    }

    /// The module's own alpha tensor's value, if it has one.
    func alpha(of module: AdapterModule) throws -> Double? {
        guard let tensor = module.tensors[.alpha] else { return nil }
        guard tensor.elementCount == 1 else {
            throw AdapterFormatError.unexpectedShape(tensor: tensor.name, shape: tensor.shape, expected: "[] or [1]")
        }
        return try tensors.read(tensor).item()
    }

    /// A factor as a matrix, whichever way it is stored.
    private func factor(
        _ whole: TensorRole?,
        _ left: TensorRole,
        _ right: TensorRole,
        core: TensorRole?,
        of module: AdapterModule
    ) throws -> Tensor {
        if let whole, module.tensors[whole] != nil { return try read(whole, of: module).flatten(from: 1) }
        let (first, second) = (try read(left, of: module), try read(right, of: module))
        guard let core, module.tensors[core] != nil else { return try first.matmul(second) }
        return try Self.tucker(core: read(core, of: module), left: first, right: second)
    }

    /// `Σᵢⱼ core[i, j, k]·left[i, p]·right[j, r]`, as a matrix `[p, r·k]`.
    static func tucker(core: Tensor, left: Tensor, right: Tensor) throws -> Tensor {
        let (rank, kernel) = (core.dimension(1), core.dimension(2))
        let (outputs, inputs) = (left.dimension(1), right.dimension(1))
        let half = try left.transpose(0, 1).matmul(core.flatten(from: 1)).reshape([outputs, rank, kernel])
        let whole = try half.transpose(1, 2).matmul(right)  // [p, k, r]
        return try whole.transpose(1, 2).reshape([outputs, inputs * kernel])
    }
}
