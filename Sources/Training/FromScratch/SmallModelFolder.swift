// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import Torch
package import TrainingRuns

/// The folder in which the small model comes into being, step by step; each step that is done is found again.
package struct SmallModelFolder: Sendable {
    /// The folder.
    package let root: String

    /// Names a folder that need not exist yet.
    package init(_ root: String) { self.root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root }

    /// The trained autoencoder, as its trainer leaves it.
    package var autoencoder: String { root + "/vae" }
    /// The model without weights, with the autoencoder whose latents are learnt.
    package var skeleton: String { root + "/skeleton" }
    /// The pieces' latents.
    package var latents: String { root + "/latents" }
    /// The run's states, logs and results.
    package var run: String { root + "/run" }

    /// Writes the model without weights, if it is not there.
    ///
    /// The autoencoder is copied with its latents brought near unit variance.
    ///
    /// - Parameters:
    ///   - model: the sizes.
    ///   - tokenizer: the bytes of `tokenizer.json`.
    ///   - measured: on how many pieces the latents are measured.
    ///   - piece: makes a piece of the corpus.
    /// - Throws: what cannot be read, written or made.
    package func prepare(
        _ model: SmallModel,
        tokenizer: [UInt8],
        measured: Int = 24,
        piece: (Int) throws -> LatentPreparation.Piece
    ) throws {
        guard !FileManager.default.fileExists(atPath: skeleton) else { return }
        try FolderPublication.publish(skeleton) { unfinished in
            let folder = ModelSkeleton(unfinished)
            try folder.write(model, tokenizer: tokenizer, autoencoder: autoencoder)
            let encoder = try LatentEncoder(autoencoder: folder.autoencoderDirectory)
            let latents = try (0..<measured).map { try encoder.latents(of: piece($0).samples) { _ in } }
            try LatentScaling(measuring: latents)
                .apply(to: folder.autoencoderDirectory + "/diffusion_pytorch_model.safetensors")
            try folder.writeSilence(frames: model.silenceFrames)
        }
    }

    /// Opens the folder of latents.
    ///
    /// - Parameter corpus: what says which pieces they are, such as the corpus's seed.
    /// - Returns: what makes those that are missing.
    /// - Throws: as `LatentPreparation` does.
    package func preparation(corpus: String) throws -> LatentPreparation {
        let vae = skeleton + "/vae"
        let bytes = FileManager.default.contents(atPath: vae + "/diffusion_pytorch_model.safetensors") ?? Data()
        let digest = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        return try LatentPreparation(
            latents,
            autoencoder: vae,
            source: "\(corpus), autoencoder \(String(digest, radix: 16))\n"
        )
    }

    /// The settings of the small model's run.
    ///
    /// - Parameter seed: where all random numbers come from.
    /// - Returns: settings that name this folder's places.
    package func settings(seed: Int) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.model.checkpoint = skeleton
        settings.data.directory = latents
        settings.output.directory = run
        settings.output.saveInterval = 10
        settings.output.keptCheckpoints = 2
        settings.output.heavyLogInterval = 0
        settings.stopping.savesBest = false
        settings.optimization.seed = seed
        settings.optimization.learningRate = 1e-3
        settings.optimization.batchSize = 16
        settings.optimization.accumulation = 1
        settings.optimization.usesCheckpointing = false
        settings.optimization.averageDecay = 0.999
        settings.schedule.warmupSteps = 200
        settings.schedule.cosineFloor = 0.02
        settings.timesteps.conditionDropout = 0.1
        return settings
    }

    /// The folder of the newest weights: the run's result, or the newest state's.
    ///
    /// - Returns: a folder that ``TrainedModel/write(to:settings:)`` has written.
    /// - Throws: ``TrainingError/state(file:reason:)`` if nothing was trained yet.
    package func weights() throws -> String {
        let layout = RunLayout(root: run)
        if FileManager.default.fileExists(atPath: layout.final) { return layout.final }
        guard let newest = try ScratchRun.newestState(in: layout) else {
            throw TrainingError.state(file: run, reason: "nothing was trained here yet")
        }
        return newest
    }

    /// Writes the model with its weights, rounded to bfloat16, as the loader reads it.
    ///
    /// - Parameter directory: a folder that is made; one that is there is replaced.
    /// - Returns: the bytes of all files.
    /// - Throws: what cannot be read or written.
    package func assemble(into directory: String) throws -> Int {
        let weights = try weights()
        try FolderPublication.publish(directory) { unfinished in
            try FileManager.default.removeItem(atPath: unfinished)
            try FileManager.default.copyItem(atPath: skeleton, toPath: unfinished)
            let folder = ModelSkeleton(unfinished)
            for (source, target) in [
                ("/model.safetensors", unfinished + "/model.safetensors"),
                ("/" + TrainedModel.textFile, folder.textDirectory + "/model.safetensors"),
            ] { try Self.round(weights + source, to: target) }
            for path in [
                folder.autoencoderDirectory + "/diffusion_pytorch_model.safetensors",
                unfinished + "/silence_latent.safetensors",
            ] { try Self.round(path, to: path) }
        }
        // Every part is read once by who will read it.
        _ = try MusicModel(files: ModelFiles(path: directory), dtype: .float32)
        return try Self.byteCount(of: directory)
    }

    private static func round(_ source: String, to target: String) throws {
        let reader = try TensorFileReader(path: source)
        let tensors = try reader.names.map { (name: $0, value: try reader.tensor($0).to(.bfloat16)) }
        try TensorFileWriter.write(to: target, tensors: tensors, metadata: ["format": "pt"])
    }

    private static func byteCount(of directory: String) throws -> Int {
        let files = FileManager.default
        return try files.subpathsOfDirectory(atPath: directory).reduce(0) { sum, name in
            let attributes = try files.attributesOfItem(atPath: directory + "/" + name)
            guard attributes[.type] as? FileAttributeType == .typeRegular else { return sum }
            return sum + (attributes[.size] as? Int ?? 0)
        }
    }
}
