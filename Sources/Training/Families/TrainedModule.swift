// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// The adapter of one projection.
protocol TrainedModule: TrainedLayer {
    /// What is trained, in the order of its library.
    var parameters: [Parameter] { get }

    /// What its library's file holds of it, by the name in the file; float32.
    ///
    /// - Throws: `TorchError` if an operation fails.
    func fileTensors() throws(TorchError) -> [(name: String, value: Tensor)]

    /// Brings the parameters where they may be; called before each micro-step.
    ///
    /// - Throws: `TorchError` if an operation fails.
    func constrain() throws(TorchError)
}

extension TrainedModule {
    func fileTensors() throws(TorchError) -> [(name: String, value: Tensor)] {
        try parameters.map { parameter throws(TorchError) in (parameter.name, try parameter.value.detach()) }
    }

    func constrain() throws(TorchError) {}
}

/// A projection that has no adapter but reads conditions: its product is kept where it is frozen.
struct FrozenLayer: TrainedLayer {
    let context: LayerContext

    func callAsFunction(_ x: Tensor, of layer: Linear) throws(TorchError) -> Tensor {
        guard let frozen = context.frozen, frozen.covers(layer.path), layer.bias == nil else {
            return try layer.product(x, bias: layer.bias)
        }
        return try frozen.product(of: layer, x)
    }
}
