// SPDX-License-Identifier: Apache-2.0

import Checkpoints
package import Layers
package import Torch

/// The weights of modules that are trained as a whole, under the names that a checkpoint's file has for them.
///
/// ```swift
/// let weights = TrainableWeights(.drawn(seed: 7), label: "the autoencoder")
/// let decoder = try OobleckDecoder(Weights(weights.source(), path: "decoder"), configuration: configuration)
/// let parameters = ParameterSet(weights.parameters)
/// ```
///
/// A module asks for its tensors in `init`; each is made then, a float32 leaf that the optimizer changes in place.
package final class TrainableWeights: TrainableTensors {
    /// Where first values come from.
    package enum Beginning: Sendable, Equatable {
        /// Drawn as the reference libraries draw them: each from the seed and its name, whatever else there is.
        case drawn(seed: UInt64)
        /// Those of a safetensors file, in any floating-point type.
        case file(String)
    }

    /// What messages call them.
    package let label: String
    /// Where they are.
    package let device: Device
    /// Whether projections round their factors to bfloat16.
    package let roundsFactors: Bool
    /// What has been asked for so far, in that order; all of it once the modules are made.
    package private(set) var parameters: [Parameter] = []
    private let prefix: String
    private let first: Source
    private var leaves: [String: Parameter] = [:]

    private enum Source {
        case drawing(FirstValues)
        case file(TensorFileReader)
    }

    /// Begins without any tensor.
    ///
    /// - Parameters:
    ///   - beginning: where first values come from.
    ///   - label: what messages call them.
    ///   - prefix: put before the names in the states of a run, where another file has the same ones.
    ///   - device: where to compute.
    ///   - roundsFactors: whether projections round their factors to bfloat16.
    /// - Throws: `CheckpointError` if a file is missing or malformed.
    package init(
        _ beginning: Beginning,
        label: String,
        prefix: String = "",
        device: Device = .cpu,
        roundsFactors: Bool = false
    ) throws {
        self.roundsFactors = roundsFactors
        self.label = label
        self.prefix = prefix
        self.device = device
        switch beginning {
        case .drawn(let seed): first = .drawing(FirstValues(seed: seed))
        case .file(let path): first = .file(try TensorFileReader(path: path))
        }
    }

    /// The weights of one module.
    ///
    /// - Parameters:
    ///   - index: notes every projection that adapters may attach to.
    ///   - storedName: the name in the file of a path of the original layout.
    /// - Returns: what the module's cursor moves in.
    package func source(
        index: LinearIndex? = nil,
        storedName: @escaping (String) -> String = { $0 }
    ) -> WeightSource {
        WeightSource(training: self, index: index, storedName: storedName)
    }

    /// The leaf of a name; made when it is first asked for.
    ///
    /// - Parameters:
    ///   - name: as in the file.
    ///   - shape: what the module needs.
    /// - Returns: the same float32 leaf for the same name.
    /// - Throws: `LayerError` if there is one of another shape, ``TrainingError/state(file:reason:)`` if the file lacks it;
    ///   `TorchError` if it cannot be made.
    package func leaf(_ name: String, shape: [Int]) throws -> Tensor {
        if let known = leaves[name] {
            guard known.value.shape == shape else {
                throw LayerError.shapeMismatch(name: name, file: label, found: known.value.shape, expected: shape)
            }
            return known.value
        }
        let value: Tensor
        switch first {
        case .drawing(let values):
            value = try values.value(of: name, shape: shape) { leaves[$0]?.value }
        case .file(let reader):
            value = try reader.tensor(name, shape: shape)
        }
        let parameter = try Parameter(
            prefix + name,
            value: withoutGradients { try value.detach().to(.float32).to(device).contiguous() },
            computeType: .float32
        )
        parameters.append(parameter)
        leaves[name] = parameter
        return parameter.value
    }

    /// Writes the weights as the loader reads them.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - dtype: the type to round to.
    ///   - others: tensors that the file has beside them.
    /// - Throws: `CheckpointError` if it cannot be written; `TorchError`.
    package func write(
        to path: String,
        dtype: DType = .float32,
        besides others: [(name: String, value: Tensor)] = []
    ) throws {
        let own = try withoutGradients {
            try leaves.sorted { $0.key < $1.key }.map { name, parameter in
                (name: name, value: try parameter.value.detach().to(.cpu).to(dtype))
            }
        }
        let rest = try others.map { (name: $0.name, value: try $0.value.detach().to(.cpu).to(dtype)) }
        try TensorFileWriter.write(to: path, tensors: own + rest, metadata: ["format": "pt"])
    }
}
