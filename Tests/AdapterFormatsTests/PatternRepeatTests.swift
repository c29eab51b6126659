// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import TestSupport
import Testing

@Suite("Repeats in patterns")
struct PatternRepeatTests {
    private func alpha(_ pattern: String) throws -> Double? {
        let tensors = AdapterDirectory.factors("base_model.model.layers.0.mlp.up{x}_proj")
        let settings = #"{"peft_type":"LORA","lora_alpha":1,"alpha_pattern":{"\#(pattern)":7}}"#
        return try AdapterDirectory().read(tensors, settings: settings).modules.first?.lowRank?.alpha
    }

    @Test(
        "A repeat with nothing before it is refused",
        arguments: ["{2}a", "{1,}", "{,}a", "(a|{,3}b)", "a|{2}", "^{2}"]
    )
    func nothingToRepeat(pattern: String) throws {
        let error = #expect(throws: AdapterFormatError.self) { try alpha(pattern) }
        guard case .invalidPattern(_, pattern, "nothing to repeat")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "A brace that begins no repeat is itself, as in Python",
        arguments: ["up{x}_proj", "up{x}.*", "up[{]x}_proj"]
    )
    func literalBrace(pattern: String) throws {
        #expect(try alpha(pattern) == 7)
    }
}
