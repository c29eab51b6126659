// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Layers
package import Torch
package import TrainingRuns

/// A model that is trained as a whole.
package final class TrainedModel: TrainingSubject {
    /// Its parts, which compute with the leaves below.
    package let model: TrainableModel
    /// Everything that is trained: what `model.safetensors` holds, then the text encoder.
    package let parameters: ParameterSet
    /// Nothing is shared: no layer has an adapter.
    package let context = LayerContext()
    /// The text encoder's file in the folders of a run, beside `model.safetensors`.
    static let textFile = "text_encoder.safetensors"
    private let main: TrainableWeights
    private let text: TrainableWeights
    private let files: ModelFiles
    /// Of so many items of a batch one is learnt to be coded: codes are a small part of the work.
    private static let itemsPerCodedItem = 8

    /// Draws a model.
    ///
    /// - Parameters:
    ///   - files: a checkpoint of the original layout; its weights, if it has any, are not read.
    ///   - seed: where first values come from.
    ///   - roundsFactors: whether projections round their factors to bfloat16, which takes half the time where the processor
    ///     multiplies those.
    /// - Throws: `ModelError`, `LayerError`, `TokenizerError` or `TorchError`.
    package convenience init(files: ModelFiles, seed: UInt64, roundsFactors: Bool = false) throws {
        func weights(_ label: String, prefix: String = "") throws -> TrainableWeights {
            try TrainableWeights(.drawn(seed: seed), label: label, prefix: prefix, roundsFactors: roundsFactors)
        }
        try self.init(
            files: files,
            main: weights("the model"),
            text: weights("the text encoder", prefix: "text_encoder.")
        )
        try placeNumbers(seed: seed)
    }

    /// Puts the embeddings of numbers on smooth curves.
    private func placeNumbers(seed: UInt64) throws {
        let width = model.velocity.configuration.textDimension
        let table = try text.leaf("embed_tokens.weight", shape: [model.vocabularySize, width])
        let curves = try NumberEmbedding(width: width, generator: Generator(seed: seed))
        try parameters.update { _ in
            for (id, number) in model.numberTokens where id < model.vocabularySize {
                try table.select(0, id).copy(from: Tensor(curves.vector(number), shape: [width]))
            }
        }
    }

    /// Makes a model of weights.
    ///
    /// - Parameters:
    ///   - files: a checkpoint of the original layout, for its configurations, tokenizer and silence.
    ///   - main: what `model.safetensors` will hold.
    ///   - text: what the text encoder's file will hold.
    /// - Throws: `ModelError`, `LayerError`, `TokenizerError` or `TorchError`.
    package init(files: ModelFiles, main: TrainableWeights, text: TrainableWeights) throws {
        self.files = files
        self.main = main
        self.text = text
        model = try TrainableModel(files: files, main: main, text: text)
        parameters = ParameterSet(main.parameters + text.parameters)
    }

    /// Conditions change with each step.
    package var leavesConditionsFrozen: Bool { false }
    /// How much is trained.
    package var summary: String {
        let products = main.roundsFactors ? ", products in bfloat16" : ""
        return "all \(parameters.elementCount) parameters of \(files.name), float32\(products)"
    }

    /// It changes all of them.
    package func adapts(layer: Int) -> Bool { true }

    /// Nothing is constrained.
    package func prepare() throws {}

    /// Computes the conditions of those that have any.
    package func conditions(of batch: TrainingBatch, draw: Objective.Draw) throws -> [Tensor] {
        let told = batch.samples.indices.filter { !draw.dropsCondition[$0] }
        var rows = try batch.samples.map { _ in try Tensor.zeros([1, model.velocity.configuration.encoder.hidden]) }
        guard !told.isEmpty else { return rows }
        let prompts = try told.map { place -> MusicModel.Tokens in
            guard case .prompt(let tokens) = batch.samples[place].conditions else {
                throw TrainingError.size(
                    what: "a piece has conditions in place of a prompt",
                    rule: "encoders that are trained need prompts"
                )
            }
            return tokens
        }
        let references = try told.map { place in
            draw.hearsItself[place] ? try reference(batch.samples[place].latents) : nil
        }
        let states = try model.prompts.conditions(of: prompts, references: references)
        for (place, row) in zip(told, states) { rows[place] = row }
        return rows
    }

    /// A clip as long as a reference is, repeated as often as needed.
    private func reference(_ latents: Tensor) throws -> Tensor {
        let length = model.velocity.configuration.timbreFrames
        let copies = (length + latents.dimension(0) - 1) / latents.dimension(0)
        return try Tensor.cat(Array(repeating: latents, count: copies), dimension: 0).slice(0, from: 0, to: length)
    }

    /// How far the latents of some items are from what codes leave of them.
    package func auxiliaryLoss(of batch: TrainingBatch) throws -> Tensor? {
        let count = (batch.samples.count + Self.itemsPerCodedItem - 1) / Self.itemsPerCodedItem
        let latents = try batch.latents.slice(0, from: 0, to: count)
        return try (model.throughCodes(latents) - latents).square().mean()
    }

    /// Writes `model.safetensors` and the text encoder's, as the loader reads them, and `training_args.json`.
    package func write(to folder: String, settings: TrainingSettings) throws {
        try writeWeights(to: folder, text: folder, textName: Self.textFile, dtype: .float32)
        try JSONFile.write(settings.argumentsFile, to: folder + "/training_args.json")
    }

    /// Writes the weights.
    ///
    /// - Parameters:
    ///   - folder: where `model.safetensors` goes.
    ///   - text: the text encoder's folder.
    ///   - textName: the name of the text encoder's file.
    ///   - dtype: the type to round to.
    /// - Throws: `CheckpointError` if they cannot be written.
    package func writeWeights(to folder: String, text: String, textName: String, dtype: DType) throws {
        let unused = try model.unusedTensors.map { (name: $0.name, value: try Tensor.zeros($0.shape)) }
        try main.write(to: folder + "/model.safetensors", dtype: dtype, besides: unused)
        try self.text.write(to: text + "/" + textName, dtype: dtype)
    }
}
