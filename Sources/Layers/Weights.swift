// SPDX-License-Identifier: Apache-2.0

public import Torch

/// A cursor over a module's weights: layers take what they need from it in `init`.
///
/// `weights["self_attn"]["q_proj"]` points further down; a missing or misshapen tensor is reported with its full path.
public struct Weights {
    /// The module this cursor moves in.
    public let source: WeightSource
    /// The dotted path of this cursor, empty at the module's root.
    public let path: String

    /// A cursor at the root of a module, or at `path` inside it.
    public init(_ source: WeightSource, path: String = "") {
        self.source = source
        self.path = path
    }

    /// The cursor one component, or several dotted ones, further down.
    public subscript(_ component: String) -> Weights { Weights(source, path: join(component)) }

    /// The cursor at one element of a list of layers.
    public subscript(_ position: Int) -> Weights { self[String(position)] }

    /// Whether a tensor of this name exists here.
    public func contains(_ name: String) -> Bool { source.contains(join(name)) }

    /// The tensor `name` of exactly this shape, in the module's compute type (or `dtype`) and device.
    public func tensor(_ name: String, shape: [Int], dtype: DType? = nil) throws -> Tensor {
        try source.tensor(join(name), shape: shape, dtype: dtype)
    }

    /// The tensor `name` in whatever shape it is stored.
    public func tensor(_ name: String, dtype: DType? = nil) throws -> Tensor {
        try source.tensor(join(name), shape: nil, dtype: dtype)
    }

    /// The tensor `name` in the type it is stored in, on the device; on a CPU nothing is copied.
    public func stored(_ name: String, shape: [Int]) throws -> Tensor {
        try source.stored(join(name), shape: shape).to(source.device)
    }

    /// The projection `name`, noted in the module's index so that adapters find it.
    ///
    /// - Parameters:
    ///   - name: the projection's name below this cursor.
    ///   - inputs: features in.
    ///   - outputs: features out.
    ///   - bias: whether the projection has a bias.
    ///   - input: what it reads, for adapters that act on a part of the sequence.
    /// - Returns: the projection, its weight `[outputs, inputs]`, quantised if the source quantises it.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    public func linear(
        _ name: String,
        inputs: Int,
        outputs: Int,
        bias: Bool = false,
        reading input: LinearInput = .positions
    ) throws -> Linear {
        let layer = Linear(
            path: join(name),
            product: try source.product(join(name), shape: [outputs, inputs]),
            bias: bias ? try tensor(name + ".bias", shape: [outputs]) : nil
        )
        source.index?.add(layer, reading: input)
        return layer
    }

    /// The convolution `name` without overlap as a projection of patches, noted in the module's index.
    ///
    /// - Parameters:
    ///   - name: the convolution; its `weight` and `bias` are read.
    ///   - layout: how it is stored.
    ///   - inputs: features of the projection's input.
    ///   - outputs: features of the projection's output.
    /// - Returns: the projection.
    /// - Throws: ``LayerError`` or `TorchError` if a tensor is missing or of another shape.
    public func patchProjection(_ name: String, layout: WeightLayout, inputs: Int, outputs: Int) throws -> Linear {
        let shape = layout.storedShape(outputs: outputs, inputs: inputs)
        let weight = try tensor(name + ".weight", shape: shape)
        let bias = try tensor(name + ".bias", shape: [layout.storedBiasCount(outputs: outputs)])
        let layer = try withoutGradients {
            Linear(path: join(name), weight: try layout.matrix(weight), bias: try layout.bias(bias), layout: layout)
        }
        if source.isTrained { layer.trained = TrainedPatches(weight: weight, bias: bias, layout: layout) }
        source.index?.add(layer)
        return layer
    }

    private func join(_ name: String) -> String { path.isEmpty ? name : path + "." + name }
}
