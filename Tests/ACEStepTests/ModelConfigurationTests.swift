// SPDX-License-Identifier: Apache-2.0

import ACEStep
import TestSupport
import Testing

@Suite("Configurations")
struct ModelConfigurationTests {
    private static let file = "acestep-v15-turbo/config.json"

    private func configuration(_ copy: FixtureCopy) throws -> ModelConfiguration {
        try ModelConfiguration(files: ModelFiles(path: copy.path, variant: "turbo"))
    }

    /// The error that a change of the configuration's fields gives.
    private func description(changing fields: [String: Any?]) throws -> String {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.edit(json: Self.file, fields)
        let error = #expect(throws: ModelError.self) { try configuration(copy) }
        #expect(error?.description.hasPrefix(copy.path(of: Self.file)) == true, "\(String(describing: error))")
        return error?.description ?? ""
    }

    @Test("Absent fields have the released 2B models' values")
    func defaults() throws {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.write("{}", to: Self.file)
        let configuration = try configuration(copy)
        #expect(configuration.transformer.hidden == 2048)
        #expect(configuration.transformer == configuration.encoder)
        #expect((configuration.layers, configuration.headDimension, configuration.slidingWindow) == (24, 128, 128))
        #expect(configuration.slidingLayers.prefix(3) == [true, false, true])
        #expect(configuration.variant == .turbo, "the directory's name says so")
        #expect(!configuration.hasTimbreToken)
    }

    @Test("Each model's stage and timbre token are known")
    func stages() throws {
        func configuration(_ model: ModelFixture) throws -> ModelConfiguration {
            try ModelConfiguration(files: ModelFiles(path: model.location.path, variant: model.location.variant))
        }
        #expect(try ModelFixture.allCases.map { try configuration($0).variant } == [.turbo, .base, .sft, .turbo])
        #expect(try ModelFixture.allCases.map { try configuration($0).hasTimbreToken } == [false, false, false, true])
        #expect(try configuration(.xl).encoder.hidden == 16)
        #expect(try configuration(.xl).transformer.hidden == 20)
    }

    @Test("Sizes that no model can have are refused by name")
    func sizes() throws {
        let cases: [(String, any Sendable)] = [
            ("hidden_size", 0), ("hidden_size", 1_000_000_000), ("num_hidden_layers", -1), ("num_attention_heads", 0),
            ("num_key_value_heads", 3), ("head_dim", 7), ("patch_size", 0), ("in_channels", 100),
            ("timbre_hidden_dim", 32), ("timbre_fix_frame", 0), ("sliding_window", 0), ("rope_theta", 0.5),
            ("rms_norm_eps", -1), ("encoder_hidden_size", 0), ("text_hidden_dim", 0),
            ("num_lyric_encoder_hidden_layers", 2000), ("layer_types", ["sliding_attention"]),
        ]
        for (field, value) in cases {
            #expect(try description(changing: [field: value]).contains(field), "\(field) \(value)")
        }
        #expect(
            try description(changing: ["layer_types": ["x", "full_attention", "x"]])
                .contains("layer_types has 'x', which is unknown")
        )
    }

    @Test("Fields of the wrong type, broken JSON and a file that is not there say so")
    func unreadable() throws {
        #expect(try description(changing: ["hidden_size": "wide"]).hasSuffix("field 'hidden_size' has the wrong type"))
        #expect(try description(changing: ["num_hidden_layers": 1.5]).contains("a number that is not whole"))
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.write("{\"hidden_size\": ", to: Self.file)
        let broken = #expect(throws: ModelError.self) { try configuration(copy) }
        #expect(broken?.description.hasSuffix("is not valid JSON") == true)
        try copy.write(String(repeating: " ", count: (4 << 20) + 1), to: Self.file)
        let large = #expect(throws: ModelError.self) { try configuration(copy) }
        #expect(large?.description.contains("too large") == true)
        try copy.remove(Self.file)
        let absent = #expect(throws: ModelError.self) { try configuration(copy) }
        #expect(absent?.description.contains("cannot be read") == true)
    }

    @Test("An autoencoder of impossible sizes is refused")
    func autoencoder() throws {
        for (field, value) in [
            ("downsampling_ratios", [2, 4, 4]), ("downsampling_ratios", [2, 4, 4, 6, 5]), ("channel_multiples", []),
        ] as [(String, [Int])] {
            let copy = try FixtureCopy(of: "checkpoints")
            try copy.edit(json: "vae/config.json", [field: value])
            let error = #expect(throws: ModelError.self) {
                try AutoencoderConfiguration(directory: copy.path(of: "vae"))
            }
            #expect(error?.description.hasPrefix(copy.path(of: "vae/config.json")) == true)
        }
    }

    @Test("An encoder has a base width of its own only where the configuration names one")
    func encoderWidth() throws {
        func configuration(_ fields: [String: Any?]) throws -> AutoencoderConfiguration {
            let copy = try FixtureCopy(of: "checkpoints")
            try copy.edit(json: "vae/config.json", fields)
            return try AutoencoderConfiguration(directory: copy.path(of: "vae"))
        }
        #expect(try configuration([:]).encoderChannels == 128)
        #expect(try configuration(["encoder_hidden_size": nil]).encoderChannels == 128)
        #expect(try configuration(["encoder_hidden_size": 96]).encoderChannels == 96)
        let small = try configuration(["encoder_channels": 4])
        #expect((small.encoderChannels, small.latentChannels, small.decoderChannels) == (4, 64, 4))
        #expect(try configuration(["encoder_channels": nil as Int?]).encoderChannels == 128)
    }

    @Test("An encoder's width that cannot be is refused by name")
    func hostileEncoderWidth() throws {
        let cases: [([String: any Sendable], String)] = [
            (["encoder_channels": 0], "encoder_channels is 0"), (["encoder_channels": -3], "encoder_channels is -3"),
            (["encoder_channels": 65_537], "encoder_channels is 65537"),
            (["encoder_channels": Int.max], "encoder_channels is \(Int.max)"),
            (["encoder_channels": "4"], "encoder_channels"), (["encoder_channels": 4.5], "not whole"),
            (["encoder_channels": [4]], "encoder_channels"),
            (["encoder_channels": 4, "encoder_hidden_size": 100], "encoder_hidden_size is 100"),
            (["encoder_channels": 4, "decoder_input_channels": 32], "encoder_hidden_size is 128"),
            (["decoder_input_channels": 5000], "decoder_input_channels is 5000"),
        ]
        for (fields, words) in cases {
            let copy = try FixtureCopy(of: "checkpoints")
            try copy.edit(json: "vae/config.json", fields)
            let error = #expect(throws: ModelError.self) {
                try AutoencoderConfiguration(directory: copy.path(of: "vae"))
            }
            let text = error?.description ?? ""
            #expect(text.hasPrefix(copy.path(of: "vae/config.json")) && text.contains(words), "\(fields): \(text)")
        }
    }

    @Test("A written configuration is read as it was, and says encoder_channels only where it must")
    func writtenConfiguration() throws {
        for width in [3, 128] {
            let sizes = try AutoencoderConfiguration(
                downsamplingRatios: [10, 6, 4, 4, 2],
                channelMultiples: [8, 20, 28, 28, 28],
                encoderChannels: width,
                decoderChannels: 4
            )
            let copy = try FixtureCopy(of: "checkpoints")
            let text = String(decoding: try sizes.json, as: UTF8.self)
            try copy.write(text, to: "vae/config.json")
            #expect(try AutoencoderConfiguration(directory: copy.path(of: "vae")) == sizes)
            #expect(text.contains("encoder_channels") == (width == 3))
            #expect(text.contains("\"encoder_hidden_size\" : 128"))
        }
        #expect(throws: ModelError.self) {
            try AutoencoderConfiguration(
                downsamplingRatios: [2],
                channelMultiples: [1],
                encoderChannels: 1,
                decoderChannels: 1,
                latentChannels: .max
            )
        }
    }

    @Test("Parts of different models are refused, with both sizes")
    func mismatchedParts() throws {
        func load(_ copy: FixtureCopy) throws -> String {
            let error = #expect(throws: ModelError.self) {
                try ModelFixture.load(copy.path, variant: "turbo")
            }
            return error?.description ?? ""
        }
        let audio = try FixtureCopy(of: "checkpoints")
        try audio.edit(json: "vae/config.json", ["decoder_input_channels": 32])
        #expect(try load(audio).contains("decodes 32 channels, the transformer makes 64"))
        let text = try FixtureCopy(of: "checkpoints")
        try text.edit(json: Self.file, ["text_hidden_dim": 14])
        #expect(try load(text).contains("hidden_size is 12, the condition encoder reads 14"))
        let sizes = try FixtureCopy(of: "checkpoints")
        try sizes.edit(json: "Qwen3-Embedding-0.6B/config.json", ["num_key_value_heads": 0])
        #expect(try load(sizes).contains("not those of a Qwen3 model"))
    }
}
