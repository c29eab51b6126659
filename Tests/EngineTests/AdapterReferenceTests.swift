// SPDX-License-Identifier: Apache-2.0

import ACEStep
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

    @Test(
        "What follows the weight's '@' is a span",
        arguments: [
            ("a=0.7@10-20", "a", 0.7, 10, 20), ("a@v3=1@0.5-2", "a@v3", 1, 0.5, 2),
            ("a=-2@10-", "a", -2, 10, .infinity),
            ("s3://b/x@y=1e-3@-20", "s3://b/x@y", 1e-3, 0, 20),
        ] as [(String, String, Double, Double, Double)]
    )
    func spans(text: String, reference: String, weight: Double, start: Double, end: Double) throws {
        let expected = AdapterReference(reference, weight: weight, span: try SongSpan(from: start, to: end))
        #expect(try AdapterReference(parsing: text) == expected)
    }

    @Test("An '@' without a weight belongs to the reference")
    func versions() throws {
        #expect(try AdapterReference(parsing: "jazz@10-20") == AdapterReference("jazz@10-20"))
    }

    @Test(
        "What is no span is refused with the text",
        arguments: [
            "a=1@", "a=1@-", "a=1@5", "a=1@20-10", "a=1@5-5", "a=1@-5-10", "a=1@x-y", "a=1@1-2-3", "a=1@0-nan",
            "a=1@inf-", "a=1@1-2@3-4",
        ]
    )
    func brokenSpans(text: String) {
        let error = #expect(throws: EngineError.self) { try AdapterReference(parsing: text) }
        #expect(error == .adapterSpan(text))
        #expect(error?.description.contains("'\(text)'") == true)
    }

    @Test("A reference to nothing is refused", arguments: ["", "=1", "=", "=0.5"])
    func empty(text: String) {
        #expect(throws: EngineError.emptyReference) { try AdapterReference(parsing: text) }
    }
}
