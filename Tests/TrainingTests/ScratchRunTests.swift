// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import Layers
import TestSupport
import Testing
import Torch
import Training
import TrainingRuns

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension RunTests {
    // One run at a time, as signals are the process's.
    @Suite struct ScratchRunTests {}
}

/// A very small model from a drawn autoencoder to a checkpoint that generates.
extension RunTests.ScratchRunTests {
    /// A folder with an autoencoder of two channels, the model's skeleton and six songs.
    private struct Fixture {
        let directory: TemporaryDirectory
        let folder: SmallModelFolder
        static let songs = 6

        init() throws {
            directory = try TemporaryDirectory()
            folder = SmallModelFolder(directory.path(of: "work"))
            try Self.writeAutoencoder(to: folder.autoencoder)
            try prepare(folder)
            let preparation = try folder.preparation(corpus: "sines")
            #expect(try preparation.run(0..<Self.songs, piece: Self.piece) { _ in true })
        }

        func prepare(_ folder: SmallModelFolder) throws {
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            let tokenizer = try Data(
                contentsOf: root.appending(path: "Sources/Engine/Resources/small-model/tokenizer.json")
            )
            try folder.prepare(Self.model, tokenizer: [UInt8](tokenizer), measured: 6, piece: Self.piece)
        }

        static var model: SmallModel {
            var model = SmallModel()
            (model.hidden, model.intermediate, model.layers) = (16, 24, 2)
            (model.heads, model.keyValueHeads, model.headDimension) = (2, 1, 8)
            (model.textHidden, model.textIntermediate, model.textLayers) = (16, 24, 1)
            (model.encoderHidden, model.encoderIntermediate) = (16, 24)
            (model.encoderHeads, model.encoderKeyValueHeads) = (2, 1)
            (model.timbreFrames, model.silenceFrames) = (30, 60)
            return model
        }

        /// Songs of two lengths: sines.
        static func piece(_ index: Int) -> LatentPreparation.Piece {
            let seconds = 1 + index % 2
            let count = seconds * 48_000
            let tone = (0..<count).map { Float(sin(Double($0) * 0.01 * Double(index + 1))) * 0.5 }
            return .init(
                samples: tone + tone,
                request: MusicRequest(
                    tags: "sine \(index)",
                    duration: Double(seconds),
                    bpm: WrittenNumber(80 + index),
                    keyScale: "C major",
                    timeSignature: "4"
                )
            )
        }

        static func writeAutoencoder(to folder: String) throws {
            try TemporaryDirectory.create(folder)
            let fields = """
                {"encoder_hidden_size": 2, "decoder_channels": 2, "channel_multiples": [1, 1, 1, 1, 1],
                 "downsampling_ratios": [10, 6, 4, 4, 2], "decoder_input_channels": 64, "audio_channels": 2,
                 "sampling_rate": 48000}
                """
            try Data(fields.utf8).write(to: URL(filePath: folder + "/config.json"))
            let configuration = try AutoencoderConfiguration(directory: folder)
            let weights = try TrainableWeights(.drawn(seed: 2), label: "autoencoder")
            let source = weights.source()
            _ = try OobleckEncoder(Weights(source, path: "encoder"), configuration: configuration)
            _ = try OobleckDecoder(Weights(source, path: "decoder"), configuration: configuration)
            try weights.write(to: folder + "/diffusion_pytorch_model.safetensors")
        }

        func settings(_ run: String) -> TrainingSettings {
            var settings = folder.settings(seed: 3)
            settings.optimization.batchSize = 2
            settings.output.directory = directory.path(of: run)
            settings.output.saveInterval = 1
            return settings
        }
    }

    @Test("Latents are near unit variance, and the decoder hears no difference")
    func scaledLatents() throws {
        let fixture = try Fixture()
        let scaled = try LatentEncoder(autoencoder: fixture.folder.skeleton + "/vae")
        let plain = try LatentEncoder(autoencoder: fixture.folder.autoencoder)
        let pieces = (0..<6).map(Fixture.piece)
        let latents = try pieces.map { try scaled.latents(of: $0.samples) { _ in } }
        let all = try Tensor.cat(latents, dimension: 0)
        #expect(try abs(all.mean().item()) < 0.05)
        let deviations = try (all - all.mean(dimensions: [0])).square().mean(dimensions: [0]).sqrt().floats()
        #expect(try #require(deviations.max()) < 1.01 && #require(deviations.max()) > 0.99)
        func decoded(_ folder: String, _ latents: Tensor) throws -> [Float] {
            let weights = try TrainableWeights(.file(folder + "/diffusion_pytorch_model.safetensors"), label: "vae")
            let decoder = try OobleckDecoder(
                Weights(weights.source(), path: "decoder"),
                configuration: AutoencoderConfiguration(directory: folder)
            )
            return try decoder(latents.transpose(0, 1).unsqueeze(0)).floats()
        }
        let long = pieces[0].samples + pieces[1].samples + pieces[2].samples
        let before = try decoded(fixture.folder.autoencoder, plain.latents(of: long) { _ in })
        let after = try decoded(fixture.folder.skeleton + "/vae", scaled.latents(of: long) { _ in })
        // Edges aside, 31 frames of them: there the decoder sees zeros, which stand for the mean now.
        let inner = 32 * 1920..<66 * 1920
        let agreement = Agreement("sound", Array(after[inner]), Array(before[inner]), shape: [inner.count])
        #expect(agreement.error < 1e-4, "\(agreement)")
    }

    @Test("A run in pieces ends as one that went on, bit for bit, and its model generates")
    func pieces() throws {
        let fixture = try Fixture()
        let whole = try ScratchRun(settings: fixture.settings("whole"), steps: 10).run()
        #expect(whole == .reachedStepLimit(step: 10) || whole == .completed)
        let settings = fixture.settings("work/run")
        let first = try ScratchRun(settings: settings, steps: 10) { event in
            if case .step(let report) = event, report.step == 6 { kill(getpid(), SIGTERM) }
        }.run()
        #expect(first.isInterruption)
        #expect(try ScratchRun.newestState(in: RunLayout(root: fixture.folder.run))?.hasSuffix("step_6") == true)
        #expect(try ScratchRun(settings: settings, steps: 10).run() == whole)
        for name in ["model.safetensors", "text_encoder.safetensors"] {
            let parts = try ["whole", "work/run"].map {
                try Data(contentsOf: URL(filePath: fixture.directory.path(of: "\($0)/final/\(name)")))
            }
            #expect(parts[0] == parts[1], "\(name)")
        }
        let out = fixture.directory.path(of: "model")
        let bytes = try fixture.folder.assemble(into: out)
        #expect(bytes > 10_000)
        let model = try MusicModel(files: ModelFiles(path: out), dtype: .float32)
        #expect(model.configuration.variant == .base)
        let tokens = try model.tokens(of: Prompt(Fixture.piece(0).request))
        #expect(try model.conditions(of: tokens).isfinite().all().item() != 0)
        // Codes are in the file too.
        let tokenizer = try AudioTokenizer(files: ModelFiles(path: out), dtype: .float32)
        #expect(tokenizer.configuration.latentChannels == 64)
        _ = try AudioDetokenizer(files: ModelFiles(path: out), dtype: .float32)
    }

    @Test("A time that is up stops a run, and the loss falls")
    func deadline() throws {
        let fixture = try Fixture()
        var settings = fixture.settings("work/run")
        settings.optimization.learningRate = 1e-2
        let past = ContinuousClock.now
        let stopped = try ScratchRun(settings: settings, steps: 60, until: past).run()
        #expect(stopped == .interrupted(signal: ScratchRun.timeIsUp, checkpoint: nil))
        let log = EventLog()
        _ = try ScratchRun(settings: settings, steps: 60, observer: log.add).run()
        let losses = log.steps.map(\.loss)
        #expect(losses.count == 60)
        let (early, late) = (losses.prefix(10).reduce(0, +), losses.suffix(10).reduce(0, +))
        #expect(late < 0.9 * early, "\(early / 10) to \(late / 10)")
    }

    @Test("Embeddings of near numbers begin near each other, and all of one size")
    func numbers() throws {
        let files = try ModelFiles(path: Fixture().folder.skeleton)
        let subject = try TrainedModel(files: files, seed: 5)
        let table = try #require(subject.parameters.parameters.first { $0.name == "text_encoder.embed_tokens.weight" })
        let tokens = subject.model.numberTokens.filter { $0.id < subject.model.vocabularySize }
        #expect(tokens.map(\.number).contains(80) && tokens.map(\.number).contains(150))
        func vector(_ number: Int) throws -> [Float]? {
            try tokens.first { $0.number == number }.map { try table.value.detach().select(0, $0.id).floats() }
        }
        func distance(_ a: [Float], _ b: [Float]) -> Float {
            zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        let (slow, near, fast) = try (#require(try vector(90)), #require(try vector(91)), #require(try vector(140)))
        #expect(distance(slow, near) < 0.2 * distance(slow, fast))
        let again = try TrainedModel(files: files, seed: 5)
        let same = try #require(again.parameters.parameters.first { $0.name == table.name })
        #expect(try same.value.detach().floats() == table.value.detach().floats())
    }

    @Test("Latents that are there are not made again, and those of another corpus are refused")
    func preparation() throws {
        let fixture = try Fixture()
        let preparation = try fixture.folder.preparation(corpus: "sines")
        var made = 0
        let done = try preparation.run(0..<Fixture.songs + 1) { index in
            made += 1
            return Fixture.piece(index)
        } progress: { _ in
            true
        }
        #expect(done && made == 1)
        let file = try LatentFile(path: preparation.path(of: 1))
        #expect(file.frames == 50 && file.channels == 64)
        #expect(file.request == Fixture.piece(1).request)
        #expect { try fixture.folder.preparation(corpus: "other") } throws: { "\($0)".contains("remove the folder") }
        #expect {
            try preparation.latents(of: .init(samples: [0, 0], request: MusicRequest(tags: "", duration: 1)))
        } throws: { _ in true }
        try fixture.directory.write([1, 2], to: "work/latents/000003.safetensors")
        #expect(throws: (any Error).self) { try ScratchRun(settings: fixture.settings("run"), steps: 2).run() }
    }
}
