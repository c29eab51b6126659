// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import ModelTestSupport
import TestSupport
import Testing
import Torch
import Training

/// Losses, gradients and steps of an autoencoder's training against torch's autograd on diffusers' modules.
@Suite("Training an autoencoder")
struct AutoencoderGradientTests {
    /// Of the largest magnitude of each tensor.
    private static let limit = 1e-5

    private struct Fixture {
        let golden: TensorFile
        let session: AutoencoderSession
        let audio: Tensor
        let noise: Tensor

        /// The goldens' settings, values and draws.
        init(_ name: String) throws {
            golden = try TrainingFixture.golden(name)
            var settings = AutoencoderFixture.settings {
                $0.gradientNorm = 0.5
                $0.averageDecay = 0
            }
            (settings.loss.waveform, settings.loss.phase, settings.loss.magnitude) = (0.8, 1.1, 0.9)
            (settings.loss.logMagnitude, settings.loss.divergence) = (0.5, 0.03)
            let configuration = try AutoencoderFixture.configuration(name)
            session = try AutoencoderSession(configuration, settings: settings)
            let names = golden.names.filter { $0.hasPrefix("value.") }.map { String($0.dropFirst("value.".count)) }
            #expect(names.sorted() == session.parameters.parameters.map(\.name).sorted())
            try session.parameters.update { [golden, session] _ in
                for parameter in session.parameters.parameters {
                    let entry = try golden.entry("value." + parameter.name)
                    #expect(entry.shape == parameter.value.shape, "\(parameter.name)")
                    try parameter.value.copy(from: Tensor(entry.floats, shape: entry.shape))
                }
            }
            let generator = try Generator(seed: 3)
            audio = try Tensor.randn([2, 2, 150 * configuration.hop], generator: generator) * 0.1
            noise = try Tensor.randn([2, configuration.latentChannels, 150], generator: generator)
        }

        func number(_ name: String) throws -> Double { try Double(golden.entry(name).floats[0]) }
    }

    @Test(
        "Every term of the loss and every gradient is autograd's",
        arguments: ["autoencoder", "autoencoder.narrow"]
    )
    func gradients(_ name: String) throws {
        let fixture = try Fixture(name)
        let (total, terms) = try withGradients {
            let (total, terms) = try fixture.session.loss(of: fixture.audio, noise: fixture.noise)
            try total.backward()
            return (try total.item(), terms)
        }
        let expected = try [
            (total, "loss.0"), (terms.waveform, "term.waveform"), (terms.phase, "term.phase"),
            (terms.magnitude, "term.magnitude"), (terms.logMagnitude, "term.log_magnitude"),
            (terms.divergence, "term.divergence"),
        ].map { (found: $0, expected: try fixture.number($1), name: $1) }
        for term in expected { #expect(abs(term.found - term.expected) <= Self.limit * term.expected, "\(term)") }
        for parameter in fixture.session.parameters.parameters {
            let gradient = try #require(try parameter.value.gradient, "\(parameter.name) has no gradient")
            let agreement = try Agreement(
                parameter.name,
                gradient,
                with: fixture.golden,
                named: "gradient." + parameter.name
            )
            #expect(agreement.error <= Self.limit, "\(agreement)")
        }
    }

    @Test("Steps are AdamW's with clipping", arguments: ["autoencoder", "autoencoder.narrow"])
    func steps(_ name: String) throws {
        let fixture = try Fixture(name)
        for step in 0..<3 {
            let found = try fixture.session.step(fixture.audio, noise: fixture.noise, learningRate: 2e-3)
            let (loss, norm) = try (fixture.number("loss.\(step)"), fixture.number("norm.\(step)"))
            #expect(abs(found.loss - loss) <= 1e-4 * loss, "step \(step)")
            #expect(abs(found.gradientNorm - norm) <= 1e-3 * norm, "step \(step)")
        }
    }

    @Test("Weights of a file are begun with, those that generate")
    func beginning() throws {
        let first = try Fixture("autoencoder")
        let directory = try TemporaryDirectory()
        try first.session.write(to: directory.path)
        let second = try AutoencoderSession(
            first.session.configuration,
            settings: AutoencoderFixture.settings(),
            beginning: .file(directory.path(of: "diffusion_pytorch_model.safetensors"))
        )
        let values = try [first.session, second].map {
            try $0.parameters.parameters.map { try $0.value.detach().floats() }
        }
        #expect(values[0] == values[1])
        let audio = try withoutGradients { try second.decoder(first.noise).floats() }
        #expect(try Autoencoder.decoder(directory.path)(first.noise).floats() == audio)
    }

    @Test("Settings that cannot be are refused by name")
    func refused() throws {
        let cases: [(String, (inout AutoencoderSettings) -> Void)] = [
            ("steps", { $0.steps = 0 }), ("batch", { $0.batch = 0 }), ("frames", { $0.frames = 1 }),
            ("learning rate", { $0.learningRate = .nan }), ("decay of the average", { $0.averageDecay = 1 }),
            ("phases", { $0.loss.phase = -1 }), ("gradient norm", { $0.gradientNorm = 0 }),
        ]
        for (name, change) in cases {
            let error = #expect(throws: TrainingError.self) { try AutoencoderFixture.settings(change).check() }
            #expect(error?.description.contains(name) == true, "\(String(describing: error))")
        }
    }
}
