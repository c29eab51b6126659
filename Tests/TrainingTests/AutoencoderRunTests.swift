// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Checkpoints
import Foundation
import Layers
import ModelTestSupport
import TestSupport
import Testing
import Torch
import Training

extension RunTests {
    /// Trainings of autoencoders from settings to folders; inside the suite whose runs watch signals one at a time.
    @Suite("Autoencoders") struct AutoencoderRunTests {
        private let directory: TemporaryDirectory

        init() throws { directory = try TemporaryDirectory() }

        private func bytes(_ path: String) throws -> Data {
            try #require(FileManager.default.contents(atPath: directory.path(of: path)), "\(path)")
        }

        private func run(
            _ plan: AutoencoderRun.Plan,
            _ folder: String,
            until deadline: ContinuousClock.Instant? = nil,
            observer: @escaping (AutoencoderEvent) -> Void = { _ in }
        ) throws -> AutoencoderOutcome {
            try AutoencoderRun(plan, in: directory.path(of: folder), until: deadline, observer: observer).run()
        }

        @Test("A run in pieces leaves the bytes of a run in one")
        func pieces() throws {
            let plan = try AutoencoderFixture.plan()
            #expect(try run(plan, "whole") == .completed)
            var pieces = 1
            while try run(plan, "pieces", until: .now) == .paused { pieces += 1 }
            #expect(pieces == 5)
            for file in [
                "vae/diffusion_pytorch_model.safetensors", "vae/config.json", "vae-training/training_state.safetensors",
            ] {
                #expect(try bytes("whole/" + file) == bytes("pieces/" + file), "\(file)")
            }
            // The log says how long nothing took.
            #expect(try bytes("whole/vae-training.jsonl") == bytes("pieces/vae-training.jsonl"))
            #expect(try run(plan, "pieces") == .completed)
        }

        @Test("A signal saves the steps that are done; the rest gives the same")
        func signal() throws {
            let plan = try AutoencoderFixture.plan { $0.steps = 30 }
            var steps = 0
            let ending = try run(plan, "stopped") { event in
                guard case .step(_, _, let progress) = event else { return }
                steps = progress.step
                // To the process: this thread may have signals blocked.
                if steps == 2 { kill(getpid(), SIGINT) }
            }
            #expect(ending == .interrupted(signal: SIGINT))
            let text = String(decoding: try bytes("stopped/vae-training/progress.json"), as: UTF8.self)
            #expect(steps < 30 && text.contains("\"step\" : \(steps)"))
            #expect(try run(plan, "stopped") == .completed)
            #expect(try run(plan, "whole") == .completed)
            let file = "vae/diffusion_pytorch_model.safetensors"
            #expect(try bytes("stopped/" + file) == bytes("whole/" + file))
        }

        @Test("What a killed run wrote beyond its state is not in the log twice")
        func killed() throws {
            struct Killed: Error {}
            struct Broken: CropSource {
                var identity: String { Tones().identity }
                func crop(_ number: Int, length: Int) throws -> [Float] {
                    guard number < 6 else { throw Killed() }
                    return Tones().crop(number, length: length)
                }
            }
            var plan = try AutoencoderFixture.plan()
            plan.saveInterval = 2
            plan.music = Broken()
            #expect(throws: Killed.self) { try run(plan, "killed") }
            plan.music = Tones()
            #expect(try run(plan, "killed") == .completed)
            #expect(try run(plan, "whole") == .completed)
            #expect(try bytes("killed/vae-training.jsonl") == bytes("whole/vae-training.jsonl"))
            let file = "vae-training/training_state.safetensors"
            #expect(try bytes("killed/" + file) == bytes("whole/" + file))
        }

        @Test("Another training's state is refused, and says what differs")
        func otherState() throws {
            #expect(try run(AutoencoderFixture.plan(), "out", until: .now) == .paused)
            let others: [(String, (inout AutoencoderRun.Plan) throws -> Void)] = [
                ("settings", { $0.settings.learningRate = 3e-3 }),
                ("music", { $0.music = Tones(identity: "other tones") }),
                ("sizes", { $0.configuration = try AutoencoderFixture.configuration("autoencoder.narrow") }),
            ]
            for (name, change) in others {
                var plan = try AutoencoderFixture.plan()
                try change(&plan)
                let error = #expect(throws: TrainingError.self) { try run(plan, "out") }
                #expect(error?.description.contains("the \(name) w") == true, "\(String(describing: error))")
            }
            try Data("{}".utf8).write(to: URL(filePath: directory.path(of: "out/vae-training/progress.json")))
            #expect(throws: TrainingError.self) { try run(AutoencoderFixture.plan(), "out") }
        }

        @Test("It learns: the loss falls, and what is saved decodes what it encodes, rounded or not")
        func learning() throws {
            var losses: [Double] = []
            var plan = try AutoencoderFixture.plan {
                $0.steps = 60
                $0.learningRate = 4e-3
            }
            plan.measureInterval = 60
            var quality: AutoencoderQuality?
            for dtype in [DType.float32, .bfloat16] {
                plan.dtype = dtype
                #expect(
                    try run(plan, "\(dtype)") { event in
                        if case .step(let step, _, _) = event { losses.append(step.loss) }
                        if case .measured(let figures, _) = event { quality = figures }
                    } == .completed
                )
            }
            #expect(losses.count == 120)
            let ends: (first: Double, last: Double) = (losses[0..<5].reduce(0, +), losses[55..<60].reduce(0, +))
            #expect(ends.last < 0.9 * ends.first)
            let figures = try #require(quality)
            let audio = try Tensor(Tones(first: 1000).crop(0, length: 1200), shape: [1, 2, 1200])
            let (encoder, decoder) = try (
                Autoencoder.encoder(directory.path(of: "float32/vae")),
                Autoencoder.decoder(directory.path(of: "float32/vae"))
            )
            let error = try (decoder(encoder(audio).mean) - audio).square().sum().item() / audio.square().sum().item()
            #expect(abs(-10 * log10(error) - figures.signalToNoise) < 3)
            let half = try Autoencoder.decoder(directory.path(of: "bfloat16/vae"))(encoder(audio).mean)
            let difference = try (half - decoder(encoder(audio).mean)).abs().max().item()
            #expect(difference > 0 && difference < 0.05)
        }
    }
}
