// SPDX-License-Identifier: Apache-2.0

import Adapters
import Layers
import Torch

/// LoHa on one projection, as LyCORIS computes it: `y = W·x + s·((A₁·B₁) ⊙ (A₂·B₂))·x`.
///
/// Source: Hyeon-Woo et al. 2022, FedPara; Yeh et al. 2024, LyCORIS.
final class HadamardModule: TrainedModule {
    /// `[out, r]·[r, in · kernel]`, or with a core `[r, r, kernel]`, `[r, out]` and `[r, in]`.
    private struct Pair {
        let left: Parameter
        let right: Parameter
        let core: Parameter?

        func matrix() throws(TorchError) -> Tensor {
            guard let core else { return try left().matmul(right()) }
            return try TuckerProduct.expand(core: core(), left: left(), right: right())
        }
    }

    private let first: Pair
    private let second: Pair
    private let scalar: Parameter?
    private let weight = MaterializedWeight()
    private let scale: Double
    private let context: LayerContext
    private let alpha: Tensor
    private let prefix: String

    init(
        _ layer: Linear,
        design: AdapterDesign.Hadamard,
        initialization: Initialization,
        context: LayerContext
    ) throws(TorchError) {
        let shape = layer.storedShape
        let kernel = Array(shape.dropFirst(2))
        let usesTucker = design.usesTucker && kernel.contains { $0 != 1 }
        let prefix = "lycoris_" + layer.path.split(separator: ".").joined(separator: "_") + "."
        let rank = design.rank
        func pair(_ number: Int, leftDeviation: Double) throws(TorchError) -> Pair {
            let (left, right) = (prefix + "hada_w\(number)_a", prefix + "hada_w\(number)_b")
            let leftShape = usesTucker ? [rank, shape[0]] : [shape[0], rank]
            return Pair(
                left: leftDeviation == 0
                    ? try initialization.zeros(left, leftShape)
                    : try initialization.normal(left, leftShape, deviation: leftDeviation),
                right: try initialization.normal(
                    right,
                    [rank, shape[1] * (usesTucker ? 1 : kernel.reduce(1, *))],
                    deviation: 1
                ),
                core: usesTucker
                    ? try initialization.normal(prefix + "hada_t\(number)", [rank, rank] + kernel, deviation: 0.1)
                    : nil
            )
        }
        first = try pair(1, leftDeviation: 0.1)
        second = try pair(2, leftDeviation: design.usesScalar ? 0.1 : 0)
        scalar = design.usesScalar ? try initialization.zeros(prefix + "scalar", []) : nil
        scale = design.alpha / Double(rank)
        alpha = try Tensor.full([], design.alpha)
        self.prefix = prefix
        self.context = context
    }

    var parameters: [Parameter] {
        let own: [Parameter?] =
            first.core == nil
            ? [first.left, first.right, second.left, second.right]
            : [first.core, first.left, first.right, second.core, second.left, second.right]
        return (scalar.map { [$0] } ?? []) + own.compactMap(\.self)
    }

    func callAsFunction(_ x: Tensor, of layer: Linear) throws(TorchError) -> Tensor {
        var difference = try first.matrix() * second.matrix() * scale
        if let scalar { difference = try difference * scalar() }
        return try weight.output(x, of: layer, difference: difference.reshape(layer.storedShape), context: context)
    }

    func fileTensors() throws(TorchError) -> [(name: String, value: Tensor)] {
        var tensors: [(name: String, value: Tensor)] = [(prefix + "alpha", alpha)]
        for parameter in parameters where parameter !== scalar {
            let value = try parameter.value.detach()
            if parameter === first.left, let scalar {
                tensors.append((parameter.name, try value * scalar.value.detach()))
            } else {
                tensors.append((parameter.name, value))
            }
        }
        return tensors
    }
}
