// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import Layers
import Torch

/// LoHa: `W + s·(A₁B₁ ⊙ A₂B₂)`, as LyCORIS's forward and PEFT compute it.
struct HadamardFamily: AdditiveFamily {
    var kinds: Set<AdapterKind> { [.loha] }

    func difference(
        of module: AdapterModule,
        on layer: Linear,
        reading tensors: AdapterTensors,
        as dtype: DType
    ) throws -> any WeightDifference {
        let shape = layer.storedShape
        if let firstCore = module.tensors[.hadamardFirstTucker], let secondCore = module.tensors[.hadamardSecondTucker]
        {
            for core in [firstCore, secondCore] {
                try tensors.require(core, TuckerProduct.fits(core, shape), "[r, r, kernel] of \(shape)")
            }
            let first = try tucker(firstCore, .hadamardFirstA, .hadamardFirstB, module, shape, tensors)
            let second = try tucker(secondCore, .hadamardSecondA, .hadamardSecondB, module, shape, tensors)
            return WholeDifference(matrix: try first * second, scale: module.scale)
        }
        let first = try pair(.hadamardFirstA, .hadamardFirstB, module, shape, tensors, dtype)
        let second = try pair(.hadamardSecondA, .hadamardSecondB, module, shape, tensors, dtype)
        return HadamardProduct(first: first, second: second, scale: module.scale)
    }

    private func pair(
        _ left: TensorRole,
        _ right: TensorRole,
        _ module: AdapterModule,
        _ shape: [Int],
        _ tensors: AdapterTensors,
        _ dtype: DType
    ) throws -> HadamardProduct.Pair {
        let left = try tensors.description(left, of: module)
        let right = try tensors.description(right, of: module)
        try tensors.require(left, left.shape[0] == shape[0], "[\(shape[0]), \(right.shape[0])]")
        try tensors.require(right, right.isPart(of: shape), TensorDescription.part(of: shape))
        return HadamardProduct.Pair(
            left: try tensors.read(left, as: dtype),
            right: try tensors.read(right, as: dtype).reshape([right.shape[0], -1])
        )
    }

    private func tucker(
        _ core: TensorDescription,
        _ left: TensorRole,
        _ right: TensorRole,
        _ module: AdapterModule,
        _ shape: [Int],
        _ tensors: AdapterTensors
    ) throws -> Tensor {
        let left = try tensors.description(left, of: module)
        let right = try tensors.description(right, of: module)
        try tensors.require(left, left.shape[1] == shape[0], "[\(core.shape[0]), \(shape[0])]")
        try tensors.require(right, right.shape[1] == shape[1], "[\(core.shape[0]), \(shape[1])]")
        return try TuckerProduct.expand(
            core: tensors.read(core, as: .float32),
            left: tensors.read(left, as: .float32),
            right: tensors.read(right, as: .float32)
        )
    }
}

/// `s·(A₁B₁ ⊙ A₂B₂)` with flattened factors.
struct HadamardProduct: WeightDifference {
    /// One of the two products.
    struct Pair {
        /// `[out, r]`.
        let left: Tensor
        /// `[r, elements of a row]`.
        let right: Tensor

        /// Some rows of the product.
        func rows(from start: Int, to end: Int) throws(TorchError) -> Tensor {
            try left.slice(0, from: start, to: end).matmul(right)
        }

        /// The bytes of both factors.
        var byteCount: Int { left.byteCount + right.byteCount }

        /// The same in another type.
        func to(_ dtype: DType) throws(TorchError) -> Pair {
            Pair(left: try left.to(dtype), right: try right.to(dtype))
        }
    }

    let first: Pair
    let second: Pair
    let scale: Double

    func rows(from start: Int, to end: Int) throws(TorchError) -> Tensor {
        let (first, second) = (try first.to(.float32), try second.to(.float32))
        return try first.rows(from: start, to: end) * second.rows(from: start, to: end) * scale
    }

    func effect(dtype: DType, scaledBy ratio: MagnitudeRatio?) throws(TorchError) -> any LayerEffect {
        var (left, right) = (first.left, first.right)
        switch ratio?.axis {
        case .output?: if let ratio { left = try left * ratio.values.unsqueeze(1) }
        case .input?: if let ratio { right = try right * ratio.values.unsqueeze(0) }
        case nil: break
        }
        return HadamardChange(
            first: try Pair(left: left, right: right).to(dtype),
            second: try second.to(dtype),
            scale: scale
        )
    }
}
