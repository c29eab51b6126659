// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Engine
import TestSupport
import Testing

@Suite("Latents of every step")
struct TraceTests {
    @Test("They are those that a generation goes through, at each request's own length, and leave no trace themselves")
    func traces() async throws {
        let directory = try TemporaryDirectory()
        let engine = try await EngineFixture.load()
        var request = EngineFixture.request(steps: 3, seed: 4)
        let adapter = AdapterReference(EngineFixture.adapter("lora"))
        let saved = directory.path(of: "t.safetensors")
        let song = try await engine.generate(request, adapters: [adapter], saveTensors: saved)
        let tensors = try TensorFile(path: saved).tensors
        let (traces, parameters) = try await engine.traces([EngineRequest(request, adapters: [adapter])])
        let trace = try #require(traces.first)
        #expect(traces.count == 1 && parameters.steps == 3 && parameters.shift == song.parameters.shift)
        #expect(trace.frames == 5 && trace.channels == 64 && trace.steps.count == 3)
        for step in 0..<3 { #expect(trace.steps[step] == tensors["latents.\(step)"]?.floats) }
        #expect(try await engine.traces([EngineRequest(request)]).traces[0] != trace, "the adapter acts")
        #expect(try await engine.generate(request, adapters: [adapter]).bits == song.bits)

        // Of two lengths in one loop each has its own frames.
        let short = request
        (request.duration, request.seed) = (0.4, 5)
        let both = try await engine.traces([EngineRequest(short, adapters: [adapter]), EngineRequest(request)])
        #expect(both.traces.map(\.frames) == [5, 10])
        #expect(both.traces.allSatisfy { $0.steps.count == 3 && $0.steps.allSatisfy { $0.allSatisfy(\.isFinite) } })
        #expect(both.traces[1].steps[0].count == 640)
    }

    @Test("What a caller throws ends them within a step")
    func stopping() async throws {
        struct Enough: Error {}
        let engine = try await EngineFixture.load()
        await #expect(throws: Enough.self) {
            try await engine.traces([EngineRequest(EngineFixture.request(steps: 1000))]) { event in
                if case .denoised(2, _) = event { throw Enough() }
            }
        }
    }
}
