// SPDX-License-Identifier: Apache-2.0

package import Layers
package import Torch

/// What training needs of a checkpoint: the diffusion transformer, and the embedding that stands for "no condition".
///
/// The encoders and the autoencoder are not loaded: their work is done when the data is prepared.
package final class VelocityModel {
    /// Where the parts lie.
    package let files: ModelFiles
    /// The sizes.
    package let configuration: ModelConfiguration
    /// The type computed in.
    package let dtype: DType
    /// Where it is computed.
    package let device: Device
    /// The transformer's projections by path, for adapters to attach to.
    package let projections: LinearIndex
    /// Predicts velocities.
    package let transformer: DiffusionTransformer
    /// The condition that stands for none, `[1, 1, encoderHidden]`; nil where the checkpoint was not trained for guidance.
    package let unconditional: Tensor?

    /// Loads the transformer: headers are read, weights are mapped.
    ///
    /// - Parameters:
    ///   - files: where the parts are.
    ///   - dtype: the type to compute in; weights stored in another are converted.
    ///   - device: where to compute.
    /// - Throws: ``ModelError``, `LayerError`, `CheckpointError` or `TorchError`, each naming the file.
    package convenience init(files: ModelFiles, dtype: DType, device: Device = .cpu) throws {
        let projections = LinearIndex()
        let weights = try ModelWeights(files: files, dtype: dtype, device: device, index: projections)
        try self.init(
            files: files,
            projections: projections,
            transformer: weights.transformer,
            conditions: weights.conditionEncoder
        )
    }

    /// Makes the transformer of any weights.
    ///
    /// - Parameters:
    ///   - files: where the configuration is.
    ///   - projections: noted by `transformer`.
    ///   - transformer: the transformer's weights.
    ///   - conditions: the condition encoder's weights.
    /// - Throws: as the other initialiser.
    init(files: ModelFiles, projections: LinearIndex, transformer: WeightSource, conditions: WeightSource) throws {
        self.files = files
        self.projections = projections
        dtype = transformer.dtype
        device = transformer.device
        configuration = try ModelConfiguration(files: files)
        self.transformer = try DiffusionTransformer(Weights(transformer), configuration: configuration)
        let cursor = Weights(conditions)
        unconditional =
            cursor.contains(ConditionEncoder.nullName)
            ? try cursor.tensor(ConditionEncoder.nullName, shape: [1, 1, configuration.encoder.hidden]) : nil
    }

    /// The type that the transformer's weights are stored in; reads headers only.
    ///
    /// - Parameter files: where the parts are.
    /// - Returns: the type of the first layer's.
    /// - Throws: `LayerError` or `CheckpointError` if there is no such weight.
    package static func storedType(of files: ModelFiles) throws -> DType {
        let weights = try ModelWeights(files: files, dtype: .float32, device: .cpu, index: LinearIndex())
        return try weights.transformer.storedType(of: "layers.0.self_attn.q_proj.weight")
    }
}
