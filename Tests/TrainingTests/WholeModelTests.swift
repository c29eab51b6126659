// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import TestSupport
import Testing
import Torch
import Training

/// A model that is trained as a whole, against diffusers' modules and torch's autograd; `Scripts/reference/whole_model.py` says how.
@Suite struct WholeModelTests {
    /// Tokens of each piece, as in the script.
    private static let captions = [7, 11, 4, 9]
    private static let lyrics = [5, 3, 5, 8]
    private static let frames = 13

    private func files() throws -> ModelFiles {
        try ModelFiles(path: TestProducts.modelFixture("checkpoints"), variant: "turbo")
    }

    /// The checkpoint's weights as leaves.
    private func subject() throws -> TrainedModel {
        let files = try files()
        return try TrainedModel(
            files: files,
            main: TrainableWeights(.file(files.transformer + "/model.safetensors"), label: "model"),
            text: TrainableWeights(
                .file(files.textEncoder + "/model.safetensors"),
                label: "text",
                prefix: "text_encoder."
            )
        )
    }

    private func session(_ subject: TrainedModel, _ objective: Objective? = nil) throws -> TrainingSession {
        var options = TrainingSession.Options(
            objective: objective ?? Objective(times: .continuous(mean: -0.4, deviation: 1), conditionDropout: 0.2)
        )
        options.averageDecay = 0.9
        return try TrainingSession(
            model: subject.model.velocity,
            subject: subject,
            generator: Generator(seed: 1),
            options: options
        )
    }

    /// What the script draws, in its order.
    private func pieces(_ model: TrainableModel) throws -> (batch: TrainingBatch, draw: Objective.Draw) {
        let generator = try Generator(seed: 21)
        let count = Self.captions.count
        let latents = try Tensor.randn([count, Self.frames, 64], generator: generator)
        let noise = try Tensor.randn([count, Self.frames, 64], generator: generator)
        let times = try Tensor.rand([count], generator: generator)
        func tokens(_ count: Int) throws -> [Int64] {
            try Tensor.randint(high: model.vocabularySize, shape: [count], generator: generator).int64s()
        }
        let context = try model.prompts.context(frames: Self.frames).select(0, 0)
        let samples = try (0..<count).map { place in
            SampleTensors(
                index: place,
                latents: try latents.select(0, place),
                context: context,
                conditions: .prompt(
                    .init(caption: try tokens(Self.captions[place]), lyrics: try tokens(Self.lyrics[place]))
                )
            )
        }
        let draw = Objective.Draw(
            dropsCondition: [true, false, false, false],
            times: times,
            noise: noise,
            hearsItself: [false, false, false, true]
        )
        return (try TrainingBatch(samples), draw)
    }

    @Test("Losses and the gradients of all parameters are torch's", arguments: [0, 1.0])
    func gradients(recomputing share: Double) throws {
        let golden = try TrainingFixture.golden("turbo.whole")
        let subject = try subject()
        var options = TrainingSession.Options(objective: Objective(times: .discrete))
        options.recomputed = Recomputation.layers(share: share, of: subject.model.velocity.transformer.layerCount)
        let session = try TrainingSession(
            model: subject.model.velocity,
            subject: subject,
            generator: Generator(seed: 1),
            options: options
        )
        let (batch, draw) = try pieces(subject.model)
        let micro = try session.accumulate(batch, draw: draw, share: 1)
        let (loss, auxiliary) = try (golden.entry("loss").floats[0], golden.entry("auxiliary").floats[0])
        #expect(abs(micro.loss - Double(loss)) <= 1e-5 * Double(loss))
        #expect(try abs(#require(micro.auxiliaryLoss) - Double(auxiliary)) <= 1e-5 * Double(auxiliary))
        let expected = golden.names.filter { $0.hasPrefix("gradient.") }.map { String($0.dropFirst(9)) }
        #expect(expected.sorted() == session.parameters.parameters.map(\.name).sorted())
        for parameter in session.parameters.parameters {
            let gradient = try #require(try parameter.value.gradient, "\(parameter.name) has no gradient")
            let agreement = try Agreement(parameter.name, gradient, with: golden, named: "gradient." + parameter.name)
            #expect(agreement.error <= 1e-5, "\(agreement)")
        }
    }

    @Test("Factors that are rounded change gradients by the rounding, and by no more")
    func roundedFactors() throws {
        func gradients(_ rounds: Bool) throws -> [Float] {
            let session = try session(TrainedModel(files: files(), seed: 5, roundsFactors: rounds))
            let (batch, draw) = try pieces(TrainedModel(files: files(), seed: 5).model)
            _ = try session.accumulate(batch, draw: draw, share: 1)
            return try session.parameters.parameters.flatMap { parameter in
                let gradient = try #require(try parameter.value.gradient, "\(parameter.name) has no gradient")
                #expect(gradient.dtype == .float32)
                return try gradient.floats()
            }
        }
        let (exact, rounded) = try (gradients(false), gradients(true))
        let difference = zip(exact, rounded).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        let size = exact.reduce(0.0) { $0 + Double($1 * $1) }
        #expect(difference > 0 && (difference / size).squareRoot() < 0.03, "\((difference / size).squareRoot())")
    }

    @Test("Conditions computed together are those that generation computes one by one")
    func conditions() throws {
        let subject = try subject()
        let (batch, draw) = try pieces(subject.model)
        let rows = try subject.conditions(of: batch, draw: draw)
        for place in 1..<3 {
            guard case .prompt(let tokens) = batch.samples[place].conditions else { continue }
            let alone = try subject.model.prompts.conditions(of: tokens).select(0, 0)
            let agreement = Agreement("row \(place)", try rows[place].floats(), try alone.floats(), shape: alone.shape)
            #expect(rows[place].shape == alone.shape && agreement.error < 1e-6, "\(agreement)")
        }
    }

    @Test("What is written generates what the leaves compute, and a state goes on to the bit")
    func writtenModel() throws {
        let directory = try FixtureCopy(of: "checkpoints")
        let subject = try TrainedModel(files: files(), seed: 5)
        let session = try session(subject)
        let (batch, draw) = try pieces(subject.model)
        for _ in 0..<2 {
            _ = try session.accumulate(batch, draw: draw, share: 1)
            _ = try session.step(learningRate: 1e-2)
        }
        let state = directory.path(of: "state.safetensors")
        try session.state.write(to: state, epoch: 0)
        try subject.writeWeights(
            to: directory.path(of: "acestep-v15-turbo"),
            text: directory.path(of: "Qwen3-Embedding-0.6B"),
            textName: "model.safetensors",
            dtype: .float32
        )
        let loaded = try MusicModel(files: ModelFiles(path: directory.path, variant: "turbo"), dtype: .float32)
        guard case .prompt(let tokens) = batch.samples[1].conditions else { return }
        #expect(
            try loaded.conditions(of: tokens).floats() == subject.model.prompts.conditions(of: tokens).detach().floats()
        )
        let again = try self.session(TrainedModel(files: files(), seed: 6))
        try again.state.read(from: state)
        for session in [session, again] {
            _ = try session.accumulate(batch, share: 1)
            _ = try session.step(learningRate: 1e-2)
        }
        for (one, other) in zip(session.parameters.values.tensors, again.parameters.values.tensors) {
            #expect(try one.detach().floats() == other.detach().floats())
        }
    }

    @Test("The codes are learnt: what they leave of latents comes nearer")
    func codes() throws {
        let subject = try TrainedModel(files: files(), seed: 5)
        let session = try session(subject)
        let (batch, draw) = try pieces(subject.model)
        var losses: [Double] = []
        for _ in 0..<40 {
            let micro = try session.accumulate(batch, draw: draw, share: 1)
            losses.append(try #require(micro.auxiliaryLoss))
            _ = try session.step(learningRate: 1e-2)
        }
        #expect(try #require(losses.last) < 0.8 * losses[0], "\(losses[0]) to \(losses.last ?? 0)")
    }

    @Test("A piece with conditions in place of a prompt is refused, and a prompt where an adapter is trained")
    func mismatchedData() throws {
        let subject = try TrainedModel(files: files(), seed: 5)
        let encoded = try TrainingFixture.batch(seed: 1, items: 1, frames: 8, conditions: 4, width: 16)
        let draw = try Objective(times: .discrete, conditionDropout: 0).draw(
            shape: encoded.latents.shape,
            canDrop: true,
            generator: Generator(seed: 1),
            dtype: .float32
        )
        #expect { try subject.conditions(of: encoded, draw: draw) } throws: { "\($0)".contains("need prompts") }
        let design = try #require(TrainingFixture.designs["lora"])
        let adapter = try TrainedAdapter(design, on: TrainingFixture.model(), generator: Generator(seed: 1))
        let (batch, own) = try pieces(subject.model)
        #expect { try adapter.conditions(of: batch, draw: own) } throws: { "\($0)".contains("preprocess it") }
    }
}
