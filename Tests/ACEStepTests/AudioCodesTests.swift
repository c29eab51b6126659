// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Layers
import TestSupport
import Testing
import Torch

@Suite("Audio codes")
struct AudioCodesTests {
    private static func files(_ model: ModelFixture) throws -> ModelFiles {
        try ModelFiles(path: model.location.path, variant: model.location.variant)
    }

    private static let cases: [(ModelFixture, String)] = [
        (.turbo, "codes"), (.sft, "codes.sft"), (.xl, "codes.xl-turbo"),
    ]

    @Test("Codes and what they stand for, in both layouts, of whole and broken groups", arguments: cases)
    func tokenizer(model: ModelFixture, name: String) throws {
        let golden = try ModelFixture.golden("parts/" + name)
        let tokenizer = try AudioTokenizer(files: Self.files(model), dtype: .float32)
        let silence = try model.load().silence(frames: 5)
        let (quantized, codes) = try tokenizer(golden.tensor("latents"), silence: silence)
        #expect(try codes.int64s() == golden.entry("codes").int64s)
        let agreement = try Agreement("quantized", quantized, with: golden)
        #expect(agreement.error <= PartsTests.limit, "\(agreement)")
        let back = try Agreement("meaning", tokenizer.quantizer.meaning(of: codes), with: golden, named: "quantized")
        #expect(back.error <= PartsTests.limit, "\(back)")
    }

    @Test("Latents of what codes stand for, in both layouts", arguments: cases)
    func detokenizer(model: ModelFixture, name: String) throws {
        let golden = try ModelFixture.golden("parts/" + name)
        let detokenizer = try AudioDetokenizer(files: Self.files(model), dtype: .float32)
        let agreement = try Agreement("detokenized", detokenizer(golden.tensor("quantized")), with: golden)
        #expect(agreement.error <= PartsTests.limit, "\(agreement)")
    }

    @Test("Songs of a batch are tokenized as each alone, though their last group is filled up")
    func batch() throws {
        let golden = try ModelFixture.golden("parts/codes")
        let tokenizer = try AudioTokenizer(files: Self.files(.turbo), dtype: .float32)
        let silence = try ModelFixture.turbo.load().silence(frames: 5)
        let latents = try golden.tensor("latents")
        let both = try tokenizer(Tensor.cat([latents, latents * 0.5], dimension: 0), silence: silence).codes.int64s()
        #expect(try both == golden.entry("codes").int64s + tokenizer(latents * 0.5, silence: silence).codes.int64s())
    }

    @Test("Codes out of range count as the nearest")
    func range() throws {
        let quantizer = try AudioTokenizer(files: Self.files(.turbo), dtype: .float32).quantizer
        #expect(quantizer.codeCount == 64_000)
        func meaning(_ code: Int64) throws -> [Float] {
            try quantizer.meaning(of: Tensor([code], shape: [1, 1])).floats()
        }
        #expect(try meaning(-5) == meaning(0))
        #expect(try meaning(64_000) == meaning(63_999))
        #expect(try meaning(0) != meaning(63_999))
    }

    @Test("A checkpoint without the part says so, and only when it is asked for")
    func missing() throws {
        let copy = try FixtureCopy(of: "diffusers")
        try copy.remove("audio_tokenizer")
        let files = try ModelFiles(path: copy.path)
        let error = #expect(throws: ModelError.self) { _ = try AudioTokenizer(files: files, dtype: .float32) }
        #expect(error?.description.contains("no tokenizer of audio") == true, "\(String(describing: error))")
        _ = try AudioDetokenizer(files: files, dtype: .float32)
    }

    @Test(
        "Levels that cannot be are refused by their field",
        arguments: [[8, 1], [1000, 1000, 1000], []]
    )
    func levels(value: [Int]) throws {
        let field = "fsq_input_levels"
        let copy = try FixtureCopy(of: "diffusers")
        try copy.edit(json: "audio_tokenizer/config.json", [field: value])
        let files = try ModelFiles(path: copy.path)
        let error = #expect(throws: ModelError.self) { _ = try AudioTokenizer(files: files, dtype: .float32) }
        #expect(error?.description.contains(field) == true, "\(String(describing: error))")
    }

    @Test("More than one quantizer, or another width, is refused", arguments: ["fsq_input_num_quantizers", "fsq_dim"])
    func shape(field: String) throws {
        let copy = try FixtureCopy(of: "diffusers")
        try copy.edit(json: "audio_tokenizer/config.json", [field: 2])
        let files = try ModelFiles(path: copy.path)
        let error = #expect(throws: ModelError.self) { _ = try AudioTokenizer(files: files, dtype: .float32) }
        #expect(error?.description.contains(field) == true, "\(String(describing: error))")
    }
}
