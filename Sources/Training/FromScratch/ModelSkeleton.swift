// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import Layers
import Tokenizer
import Torch
import TrainingRuns

/// The folder of a model that has no weights yet: configurations, tokenizer, autoencoder and encoded silence.
package struct ModelSkeleton {
    /// The folder.
    package let directory: String

    /// The folder of the text encoder, as the bundle of the released models calls it.
    private static let text = "Qwen3-Embedding-0.6B"

    /// Names a folder that need not exist yet.
    package init(_ directory: String) { self.directory = directory }

    /// The text encoder's folder.
    package var textDirectory: String { directory + "/" + Self.text }
    /// The autoencoder's folder.
    package var autoencoderDirectory: String { directory + "/vae" }

    /// Writes configurations, tokenizer and autoencoder.
    ///
    /// - Parameters:
    ///   - model: the sizes.
    ///   - tokenizer: the bytes of `tokenizer.json`.
    ///   - autoencoder: the folder of a trained autoencoder, which is copied.
    /// - Throws: what cannot be read, written or encoded.
    package func write(_ model: SmallModel, tokenizer: [UInt8], autoencoder: String) throws {
        try create(textDirectory)
        try create(autoencoderDirectory)
        try Data(tokenizer).write(to: URL(filePath: textDirectory + "/tokenizer.json"))
        let vocabulary = try BytePairTokenizer(path: textDirectory + "/tokenizer.json").vocabularySize
        try put(model.configuration, at: directory + "/config.json")
        try put(model.textConfiguration(vocabulary: vocabulary), at: textDirectory + "/config.json")
        for name in ["config.json", "diffusion_pytorch_model.safetensors"] {
            let data = try contents(autoencoder + "/" + name)
            try data.write(to: URL(filePath: autoencoderDirectory + "/" + name))
        }
    }

    /// Writes what the autoencoder makes of silence, edges included, with the code of positions.
    ///
    /// - Parameter frames: how many.
    /// - Throws: what cannot be encoded or written.
    package func writeSilence(frames: Int) throws {
        let encoder = try LatentEncoder(autoencoder: autoencoderDirectory)
        let count = frames * encoder.configuration.hop * encoder.configuration.audioChannels
        let latents = try encoder.latents(of: Array(repeating: 0, count: count)) { _ in }
        let coded = try latents + PositionCode.code(frames: latents.dimension(0), channels: latents.dimension(1))
        let stored = try coded.transpose(0, 1).unsqueeze(0).contiguous()
        try TensorFileWriter.write(
            to: directory + "/silence_latent.safetensors",
            tensors: [("silence_latent", stored)],
            metadata: ["format": "pt"]
        )
    }

    private func create(_ folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw TrainingRunsError.unwritable(path: folder, reason: error.localizedDescription)
        }
    }

    private func contents(_ path: String) throws -> Data {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TrainingError.state(file: path, reason: "it is not there; train the autoencoder first")
        }
        return data
    }

    private func put(_ fields: [String: any Sendable], at path: String) throws {
        let data = try JSONSerialization.data(
            withJSONObject: fields,
            options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        )
        try (data + Data("\n".utf8)).write(to: URL(filePath: path))
    }
}
