// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import Layers
import Torch

/// LoRA, rank-stabilised LoRA and DoRA as PEFT computes them, and LoCon: `W + s·B·A`, of convolutions too.
struct LowRankFamily: AdditiveFamily {
    var kinds: Set<AdapterKind> { [.lora, .dora] }

    func difference(
        of module: AdapterModule,
        on layer: Linear,
        reading tensors: AdapterTensors,
        as dtype: DType
    ) throws -> any WeightDifference {
        let down = try tensors.description(.down, of: module)
        let up = try tensors.description(.up, of: module)
        let rank = down.shape[0]
        let shape = layer.storedShape
        try tensors.require(up, up.shape[0] == shape[0], "[\(shape[0]), \(rank)]")
        if let middle = module.tensors[.middle] {
            try tensors.require(down, down.shape[1] == shape[1], "[\(rank), \(shape[1]), 1]")
            try tensors.require(middle, TuckerProduct.fits(middle, shape), "[\(rank), \(rank), kernel] of \(shape)")
            let product = try TuckerProduct.expand(
                core: tensors.read(middle, as: .float32),
                left: tensors.read(up, as: .float32).reshape([shape[0], rank]).transpose(0, 1),
                right: tensors.read(down, as: .float32).reshape([rank, shape[1]])
            )
            return WholeDifference(matrix: product, scale: module.scale)
        }
        try tensors.require(down, down.isPart(of: shape), TensorDescription.part(of: shape))
        if let bias = module.tensors[.upBias], layer.layout != .matrix {
            try tensors.require(bias, false, "none: a factor's bias is read for projections only")
        }
        return LowRankProduct(
            down: try tensors.read(down, as: dtype).reshape([rank, -1]),
            up: try tensors.read(up, as: dtype).reshape([shape[0], rank]),
            bias: try module.tensors[.upBias].map { try tensors.read($0) },
            scale: module.scale
        )
    }
}

extension TensorDescription {
    /// Whether everything after the first dimension has the sizes that a stored weight has there, ones at the end aside.
    func isPart(of shape: [Int]) -> Bool {
        Self.withoutOnes(self.shape.dropFirst()) == Self.withoutOnes(shape.dropFirst())
            || self.shape.count == 2 && self.shape[1] == shape.dropFirst().reduce(1, *)
    }

    /// The shape that such a factor has, for messages.
    static func part(of shape: [Int]) -> String { "[r\(shape.dropFirst().map { ", \($0)" }.joined())]" }

    private static func withoutOnes(_ sizes: ArraySlice<Int>) -> ArraySlice<Int> {
        var sizes = sizes
        while sizes.count > 1, sizes.last == 1 { sizes.removeLast() }
        return sizes
    }
}

/// `s·B·A` with flattened factors.
struct LowRankProduct: WeightDifference {
    /// `[r, elements of a row]`.
    let down: Tensor
    /// `[out, r]`.
    let up: Tensor
    /// `[out]`, if the second factor has one.
    let bias: Tensor?
    let scale: Double

    func rows(from start: Int, to end: Int) throws(TorchError) -> Tensor {
        try up.slice(0, from: start, to: end).to(.float32).matmul(down.to(.float32)) * scale
    }

    func effect(dtype: DType, scaledBy ratio: MagnitudeRatio?) throws(TorchError) -> any LayerEffect {
        var (down, up) = (down, up)
        switch ratio?.axis {
        case .output?: if let ratio { up = try up * ratio.values.unsqueeze(1) }
        case .input?: if let ratio { down = try down * ratio.values.unsqueeze(0) }
        case nil: break
        }
        return try LowRankFactors(down: down.to(dtype), up: up.to(dtype), bias: bias, scale: scale)
    }
}
