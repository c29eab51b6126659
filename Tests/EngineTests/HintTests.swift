// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Engine
import TestSupport
import Testing

@Suite("What adapters' files say about their use")
struct HintTests {
    private func adapter(_ name: String = "lora", _ facts: String) throws -> FixtureCopy {
        let copy = try FixtureCopy(of: "adapters/" + name)
        try copy.write(facts, to: "training_args.json")
        return copy
    }

    private var open: MusicRequest { MusicRequest(tags: "jazz", duration: 0.2, seed: 1) }

    @Test("Steps and shift come from the file where the request leaves them open")
    func used() async throws {
        let engine = try await EngineFixture.load()
        let copy = try adapter("lora", #"{"shift": 2.0, "num_inference_steps": 5, "model_variant": "turbo"}"#)
        let result = try await engine.generate(open, adapters: [.init(copy.path)])
        #expect((result.parameters.steps, result.parameters.shift) == (5, 2))
        #expect(result.warnings.isEmpty, "\(result.warnings)")
        let base = try await engine.generate(open)
        #expect((base.parameters.steps, base.parameters.shift) == (8, 3))
    }

    @Test("The request wins over the file, and a differing shift is said")
    func overridden() async throws {
        let engine = try await EngineFixture.load()
        let copy = try adapter("lora", #"{"shift": 2.0, "num_inference_steps": 5}"#)
        var request = open
        (request.steps, request.shift) = (2, 1.5)
        let result = try await engine.generate(request, adapters: [.init(copy.path)])
        #expect((result.parameters.steps, result.parameters.shift) == (2, 1.5))
        #expect(result.warnings.contains { $0.contains("shift 1.5 differs from the 2.0") })
    }

    @Test("Of a blend the strongest adapter speaks, and one at 0 does not")
    func strongest() async throws {
        let engine = try await EngineFixture.load()
        let weak = try adapter("lora", #"{"num_inference_steps": 3}"#)
        let strong = try adapter("pattern", #"{"num_inference_steps": 4}"#)
        let blend = [AdapterReference(weak.path, weight: 0.3), .init(strong.path, weight: -0.8)]
        #expect(try await engine.generate(open, adapters: blend).parameters.steps == 4)
        let silent = [AdapterReference(weak.path, weight: 0.3), .init(strong.path, weight: 0)]
        #expect(try await engine.generate(open, adapters: silent).parameters.steps == 3)
    }

    @Test("An adapter for another variant is warned about")
    func variant() async throws {
        let engine = try await EngineFixture.load()
        let copy = try adapter("lora", #"{"model_variant": "base"}"#)
        let result = try await engine.generate(open, adapters: [.init(copy.path)])
        #expect(result.warnings.contains { $0.contains("trained for a base model, this one is turbo") })
        #expect(result.parameters.steps == 8)
    }
}
