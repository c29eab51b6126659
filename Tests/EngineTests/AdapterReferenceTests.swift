// SPDX-License-Identifier: Apache-2.0

import Engine
import Testing

@Suite("Adapter references")
struct AdapterReferenceTests {
    @Test(
        "What follows the last '=' is the weight",
        arguments: [
            ("lora/jazz", "lora/jazz", 1), ("a=0.7", "a", 0.7), ("path=with=eq=0.3", "path=with=eq", 0.3),
            ("a=-2", "a", -2), ("a=0", "a", 0), ("a=1e-3", "a", 1e-3), ("ü/é.safetensors=+1.5", "ü/é.safetensors", 1.5),
        ]
    )
    func parsing(text: String, reference: String, weight: Double) throws {
        #expect(try AdapterReference(parsing: text) == AdapterReference(reference, weight: weight))
    }

    @Test(
        "What is no finite number is refused with the text",
        arguments: ["a=", "a=x", "a=nan", "a=inf", "a=1e999", "a= 1", "a=0.7 "]
    )
    func weights(text: String) {
        let error = #expect(throws: EngineError.self) { try AdapterReference(parsing: text) }
        #expect(error == .adapterWeight(text))
        #expect(error?.description.contains("'\(text)'") == true)
    }

    @Test("A reference to nothing is refused", arguments: ["", "=1", "=", "=0.5"])
    func empty(text: String) {
        #expect(throws: EngineError.emptyReference) { try AdapterReference(parsing: text) }
    }
}
