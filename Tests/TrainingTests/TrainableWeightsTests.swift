// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Checkpoints
import Foundation
import Layers
import TestSupport
import Testing
import Torch
import Training

/// Modules on leaves that are trained.
@Suite struct TrainableWeightsTests {
    /// A small autoencoder's sizes.
    private func configuration(in directory: TemporaryDirectory) throws -> AutoencoderConfiguration {
        let fields = """
            {"encoder_hidden_size": 128, "decoder_channels": 4, "channel_multiples": [1, 2], "downsampling_ratios": [2, 4],
             "decoder_input_channels": 3, "audio_channels": 2, "sampling_rate": 48000}
            """
        try Data(fields.utf8).write(to: URL(filePath: directory.path(of: "config.json")))
        return try AutoencoderConfiguration(directory: directory.path)
    }

    private func decoder(_ source: WeightSource, _ configuration: AutoencoderConfiguration) throws -> OobleckDecoder {
        try OobleckDecoder(Weights(source, path: "decoder"), configuration: configuration)
    }

    @Test("A module keeps no copy: a change in place is heard, and every leaf takes a gradient")
    func changesAreSeen() throws {
        let directory = try TemporaryDirectory()
        let configuration = try configuration(in: directory)
        let weights = try TrainableWeights(.drawn(seed: 3), label: "weights")
        let decoder = try decoder(weights.source(), configuration)
        let parameters = ParameterSet(weights.parameters)
        let latents = try Tensor.randn([1, 3, 5], generator: Generator(seed: 1))
        let before = try withGradients { try decoder(latents) }
        try withGradients { try before.square().mean().backward() }
        for parameter in parameters.parameters {
            let gradient = try #require(try parameter.value.gradient, "\(parameter.name) has no gradient")
            #expect(try gradient.abs().amax(dimensions: Array(0..<gradient.rank)).item() > 0, "\(parameter.name)")
        }
        // Each in its turn: one that had been folded or copied would change nothing.
        for parameter in parameters.parameters {
            let old = try decoder(latents).floats()
            try parameters.update { _ in
                let noise = try Tensor.rand(parameter.value.shape, generator: Generator(seed: 2))
                try parameter.value.add(inPlace: noise * 0.1 + 0.05)
            }
            #expect(try decoder(latents).floats() != old, "\(parameter.name) is not read anew")
        }
    }

    @Test("What is written is what a checkpoint's loader computes with")
    func writtenWeights() throws {
        let directory = try TemporaryDirectory()
        let configuration = try configuration(in: directory)
        let weights = try TrainableWeights(.drawn(seed: 3), label: "weights")
        let trained = try decoder(weights.source(), configuration)
        let latents = try Tensor.randn([1, 3, 5], generator: Generator(seed: 1))
        let path = directory.path(of: "diffusion_pytorch_model.safetensors")
        try weights.write(to: path)
        let store = try TensorStore(file: SafetensorsFile(path: path))
        let source = WeightSource(store: store, dtype: .float32, device: .cpu)
        let loaded = try decoder(source, configuration)
        #expect(source.unusedNames { _ in true }.isEmpty)
        #expect(try loaded(latents).floats() == trained(latents).floats())
        let again = try TrainableWeights(.file(path), label: "weights")
        #expect(try decoder(again.source(), configuration)(latents).floats() == trained(latents).floats())
        try weights.write(to: path, dtype: .bfloat16)
        #expect(try TensorStore(file: SafetensorsFile(path: path)).description("decoder.conv1.bias").dtype == .bfloat16)
    }

    @Test("First values depend on the seed and the name alone, and have the reference's spread")
    func firstValues() throws {
        func values(_ seed: UInt64, _ names: [(String, [Int])]) throws -> [String: [Float]] {
            let weights = try TrainableWeights(.drawn(seed: seed), label: "weights")
            return try Dictionary(
                uniqueKeysWithValues: names.map { ($0, try weights.leaf($0, shape: $1).detach().floats()) }
            )
        }
        let names = [
            ("a.q_proj.weight", [40, 25]), ("a.input_layernorm.weight", [30]), ("embed_tokens.weight", [50, 40]),
            ("lyric_encoder.embed_tokens.weight", [40, 25]), ("lyric_encoder.embed_tokens.bias", [40]),
            ("scale_shift_table", [1, 6, 100]), ("block.conv1.weight_v", [6, 5, 7]),
            ("block.conv1.weight_g", [6, 1, 1]),
            ("snake1.alpha", [1, 4, 1]), ("null_condition_emb", [1, 1, 400]),
        ]
        let drawn = try values(1, names)
        // A bias and a norm's magnitude follow what they belong to; the rest is free to come in any order.
        let other = try values(1, names.filter { !$0.0.hasSuffix("bias") && !$0.0.hasSuffix("weight_g") }.reversed())
        for (name, value) in other { #expect(value == drawn[name], "\(name)") }
        #expect(try values(2, names)["a.q_proj.weight"] != drawn["a.q_proj.weight"])
        func largest(_ name: String) -> Float { drawn[name, default: []].map(abs).max() ?? 0 }
        func deviation(_ name: String) -> Float {
            let values = drawn[name, default: []]
            return (values.reduce(0) { $0 + $1 * $1 } / Float(values.count)).squareRoot()
        }
        #expect(largest("a.q_proj.weight") <= 0.2 && largest("a.q_proj.weight") > 0.19)
        #expect(largest("lyric_encoder.embed_tokens.weight") > 0.19)
        #expect(largest("lyric_encoder.embed_tokens.bias") <= 0.2 && largest("lyric_encoder.embed_tokens.bias") > 0.15)
        #expect(drawn["a.input_layernorm.weight"] == Array(repeating: 1, count: 30))
        #expect(drawn["snake1.alpha"] == [0, 0, 0, 0])
        #expect(abs(deviation("embed_tokens.weight") - 1) < 0.1)
        #expect(abs(deviation("scale_shift_table") - 0.1) < 0.01)
        #expect(abs(deviation("null_condition_emb") - 1) < 0.15)
        let direction = drawn["block.conv1.weight_v", default: []]
        let first = direction.prefix(35).reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(drawn["block.conv1.weight_g", default: [0]][0] - first) < 1e-6)
    }

    @Test("A tensor of another shape and one that a file lacks are named")
    func refusals() throws {
        let directory = try TemporaryDirectory()
        let weights = try TrainableWeights(.drawn(seed: 1), label: "the small model")
        _ = try weights.leaf("a.weight", shape: [2, 3])
        #expect {
            try weights.leaf("a.weight", shape: [3, 2])
        } throws: {
            "\($0)".contains("the small model: tensor 'a.weight' is [2, 3], expected [3, 2]")
        }
        try weights.write(to: directory.path(of: "a.safetensors"))
        let read = try TrainableWeights(.file(directory.path(of: "a.safetensors")), label: "b")
        #expect { try read.leaf("c.weight", shape: [1]) } throws: { "\($0)".contains("no tensor 'c.weight'") }
        #expect { try Weights(weights.source()).tensor("a.weight") } throws: {
            "\($0)".contains("'a.weight' is missing")
        }
    }
}
