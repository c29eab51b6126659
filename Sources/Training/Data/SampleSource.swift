// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Checkpoints
import Layers
import Torch
package import TrainingData
package import TrainingRuns

/// The songs of a data set as tensors that a model computes with.
///
/// Files are mapped; a visit copies the frames that it takes. Whatever is not finite counts as zero, as in Side-Step.
package final class SampleSource: SampleSupply {
    /// The songs, in their stable order.
    package let files: [SampleFile]
    private let dtype: DType
    private var conditions: [Int: Tensor] = [:]
    private var conditionByteCount = 0
    private let conditionByteBudget: Int

    /// Opens the files of a data set.
    ///
    /// - Parameters:
    ///   - directory: the data set.
    ///   - model: whose channels the tensors must have.
    ///   - conditionByteBudget: the most memory for conditions that are kept.
    /// - Throws: what `SampleFile` throws; ``TrainingError/size(what:rule:)`` if tensors are another model's.
    package init(_ directory: SampleDirectory, for model: VelocityModel, conditionByteBudget: Int) throws {
        files = try directory.files.map { try SampleFile(path: $0) }
        dtype = model.dtype
        self.conditionByteBudget = conditionByteBudget
        let (channels, width) = (model.configuration.latentChannels, model.configuration.encoder.hidden)
        for file in files {
            let (latents, states) = (file.shape(of: .targetLatents), file.shape(of: .encoderHiddenStates))
            guard latents[1] == channels, states[1] == width else {
                throw TrainingError.size(
                    what: "\(file.path) has \(latents[1]) channels of latents and \(states[1]) of conditions",
                    rule: "the model takes \(channels) and \(width): preprocess the songs for this model"
                )
            }
        }
    }

    /// Reads one visit.
    ///
    /// - Parameter visit: a song and its frames.
    /// - Returns: tensors of their own.
    /// - Throws: `TorchError` if there is no memory for them.
    package func sample(_ visit: DataOrder.Visit) throws -> SampleTensors {
        let file = files[visit.sample]
        let rows = visit.start..<visit.start + visit.frames
        return SampleTensors(
            index: visit.sample,
            latents: try tensor(.targetLatents, of: file, rows: rows),
            context: try tensor(.contextLatents, of: file, rows: rows),
            conditions: try conditions(of: visit.sample)
        )
    }

    private func conditions(of place: Int) throws -> Tensor {
        if let kept = conditions[place] { return kept }
        let tensor = try tensor(.encoderHiddenStates, of: files[place])
        if conditionByteCount + tensor.byteCount <= conditionByteBudget {
            conditions[place] = tensor
            conditionByteCount += tensor.byteCount
        }
        return tensor
    }

    private func tensor(_ key: TrainingSample.Key, of file: SampleFile, rows: Range<Int>? = nil) throws -> Tensor {
        guard let stored = DType(file.dtype(of: key)) else {
            throw TrainingError.size(
                what: "\(file.path): '\(key.rawValue)' is of type \(file.dtype(of: key).rawValue)",
                rule: "it must be floating point"
            )
        }
        let shape = [rows?.count ?? file.shape(of: key)[0]] + file.shape(of: key).dropFirst()
        let copy = try unsafe file.withBytes(of: key, rows: rows) { bytes in
            try unsafe Tensor(copying: bytes, shape: shape, dtype: stored)
        }
        let finite = try copy.isfinite()
        let sound =
            try finite.all().item() != 0
            ? copy : Tensor.select(where: finite, then: copy, else: Tensor.zeros([], dtype: stored))
        return try sound.to(dtype)
    }
}
