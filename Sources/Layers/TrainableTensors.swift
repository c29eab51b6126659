// SPDX-License-Identifier: Apache-2.0

public import Torch

/// Tensors that are trained while modules compute with them.
///
/// A module asks for each in its `init` and keeps the leaf, so that it sees every change that is made in place.
public protocol TrainableTensors: AnyObject {
    /// What messages call them.
    var label: String { get }
    /// Where they are.
    var device: Device { get }
    /// Whether projections round their factors to bfloat16.
    var roundsFactors: Bool { get }

    /// The leaf of a name; made when it is first asked for.
    ///
    /// - Parameters:
    ///   - name: as the checkpoint's file will have it.
    ///   - shape: what the module needs.
    /// - Returns: a float32 leaf, the same object for the same name.
    /// - Throws: ``LayerError`` if there is one of another shape; `TorchError` if it cannot be made.
    func leaf(_ name: String, shape: [Int]) throws -> Tensor
}

/// A convolution without overlap whose stored weight is trained: its matrix is laid out anew each time.
struct TrainedPatches: TrainedLayer {
    /// As the checkpoint stores it.
    let weight: Tensor
    /// As the checkpoint stores it.
    let bias: Tensor
    let layout: WeightLayout

    func callAsFunction(_ x: Tensor, of layer: Linear) throws(TorchError) -> Tensor {
        try x.linear(layout.matrix(weight), bias: layout.bias(bias))
    }
}
