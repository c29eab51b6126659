// SPDX-License-Identifier: Apache-2.0

import ACEStep
import TestSupport
import Testing
import Torch

@Suite("Conditions as Side-Step makes them")
struct SideStepConditionTests {
    private static let short = ("# Caption\nsoft piano, caf\u{E9}\n<|endoftext|>\n", "[Verse]\nla la\n夜の海")
    private static let long = (
        String(repeating: "warm strings and choir, ", count: 60),
        String(repeating: "la la la and on it goes\n", count: 120)
    )

    private static func encoder(_ files: ModelFiles) throws -> PromptEncoder {
        try PromptEncoder(files: files, dtype: .float32)
    }

    private static func expect(
        _ texts: (caption: String, lyrics: String),
        _ encoder: PromptEncoder,
        toGive name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let golden = try ModelFixture.golden("parts/" + name)
        let filled = try encoder.sideStepConditions(caption: texts.caption, lyrics: texts.lyrics)
        let mask = try golden.entry("encoder_attention_mask").bytes
        #expect(filled.states.shape[1] == 769 && mask.count == 769, sourceLocation: sourceLocation)
        let expected = (0..<769).map { $0 < filled.realCount ? UInt8(1) : 0 }
        #expect(mask == expected, "\(filled.realCount) real positions", sourceLocation: sourceLocation)
        let agreement = try Agreement("encoder_hidden_states", filled.states, with: golden)
        #expect(agreement.error <= PartsTests.limit, "\(agreement)", sourceLocation: sourceLocation)
    }

    @Test("Short texts with their filling, and texts that are cut and leave no room for any")
    func filling() throws {
        let encoder = try Self.encoder(ModelFiles(path: TestProducts.modelFixture("checkpoints"), variant: "turbo"))
        try Self.expect(Self.short, encoder, toGive: "side-step")
        try Self.expect(Self.long, encoder, toGive: "side-step.long")
    }

    @Test("A tokenizer that fills up on the left")
    func left() throws {
        let copy = try FixtureCopy(of: "checkpoints")
        let file = "Qwen3-Embedding-0.6B/tokenizer_config.json"
        try copy.edit(json: file, ["padding_side": "left", "pad_token": ["content": "<|endoftext|>"]])
        try Self.expect(
            Self.short,
            Self.encoder(ModelFiles(path: copy.path, variant: "turbo")),
            toGive: "side-step.left"
        )
    }

    @Test("An XL model, whose timbre encoder has a token of its own, and a song without a word")
    func extraLarge() throws {
        let files = try ModelFiles(path: TestProducts.modelFixture("checkpoints"), variant: "xl-turbo")
        try Self.expect((Self.short.0, ""), Self.encoder(files), toGive: "side-step.xl-turbo")
    }

    @Test(
        "A filling that cannot be is refused by its field",
        arguments: [("pad_token", "<|nothing|>"), ("padding_side", "middle")]
    )
    func misfit(field: String, value: String) throws {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.edit(json: "Qwen3-Embedding-0.6B/tokenizer_config.json", [field: value])
        let encoder = try Self.encoder(ModelFiles(path: copy.path, variant: "turbo"))
        let error = #expect(throws: ModelError.self) { _ = try encoder.sideStepConditions(caption: "a", lyrics: "b") }
        #expect(error?.description.contains(field) == true && error?.description.contains(value) == true)
    }
}
