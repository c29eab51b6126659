// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
public import Layers

/// LoRA and rank-stabilised LoRA, as PEFT computes them: `W + s·B·A`.
public struct LowRankFamily: AdapterFamily {
    /// The family's kind.
    public var kind: AdapterKind { .lora }

    /// Creates the family.
    public init() {}

    /// Checks the factors against the layer and reads them.
    public func effect(
        of module: AdapterModule,
        on layer: Linear,
        reading tensors: AdapterTensors
    ) throws -> any LayerEffect {
        let down = try tensors.description(.down, of: module)
        let up = try tensors.description(.up, of: module)
        let scale = try tensors.scale(of: module)
        try tensors.require(down, isShapedLike: [nil, layer.inputFeatures], "[r, \(layer.inputFeatures)]")
        try tensors.require(
            up,
            isShapedLike: [layer.outputFeatures, scale.rank],
            "[\(layer.outputFeatures), \(scale.rank)]"
        )
        let bias = module.tensors[.upBias]
        return try LowRankFactors(
            down: tensors.read(down),
            up: tensors.read(up),
            bias: bias.map { try tensors.read($0) },
            scale: scale.scale
        )
    }
}
