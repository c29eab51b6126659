// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Engine
import Testing

@Suite("Adapter residency")
struct ResidencyTests {
    private func origin(_ path: String) -> Residency.Origin { Residency.Origin(path: path, fingerprint: nil) }

    @Test("The least recently used make room, kept ones stay, and those gone are remembered by path")
    func eviction() {
        var residency = Residency(budget: 100)
        for name in ["a", "b", "c"] { residency.insert(name, origin: origin("/" + name), byteCount: 40) }
        residency.touch("a")
        #expect(residency.evict(keeping: ["c"]) == ["b"])
        #expect(residency.byteCount == 80)
        #expect(!residency.isResident("b"))
        #expect(residency.origin(of: "b")?.path == "/b")
        residency.insert("b", origin: origin("/b"), byteCount: 90)
        #expect(residency.evict(keeping: ["b"]) == ["c", "a"])
        #expect(residency.byteCount == 90)
        residency.insert("huge", origin: origin("/huge"), byteCount: 1000)
        #expect(residency.evict(keeping: ["huge"]) == ["b"], "what is needed now stays although it is over the budget")
        residency.remove("huge")
        #expect(residency.byteCount == 0)
        #expect(!residency.isKnown("huge"))
    }

    @Test("Without a budget nothing has to go")
    func unlimited() {
        var residency = Residency(budget: nil)
        residency.insert("a", origin: origin("/a"), byteCount: .max / 2)
        #expect(residency.evict(keeping: []).isEmpty)
    }

    @Test("An adapter that made room is loaded again when it is asked for, under its name")
    func reload() async throws {
        let engine = try await MusicEngine.load(.init(dtype: "float32", adapterBudget: 1))
        let paths = try EmbeddedModel.adapters().map(\.directory)
        let request = MusicRequest(tags: "jazz", duration: 0.4, steps: 1, seed: 1)
        try await engine.loadAdapter(paths[0], name: "first")
        let before = try await engine.generate(request, adapters: [.init("first")])
        try await engine.loadAdapter(paths[1], name: "second")
        #expect(try await engine.adapterNames == ["second"])
        let after = try await engine.generate(request, adapters: [.init("first")])
        #expect(before.pieces[0].audio == after.pieces[0].audio)
        try await engine.unloadAdapter("second")
        await #expect(throws: (any Error).self) { try await engine.generate(request, adapters: [.init("second")]) }
    }

    @Test("Loading an adapter does not wait for a running generation, nor stop it")
    func loadingMeanwhile() async throws {
        let engine = try await MusicEngine.load(.init(dtype: "float32"))
        let path = try EmbeddedModel.adapters()[0].directory
        let request = MusicRequest(tags: "jazz", duration: 4, steps: 40, seed: 1)
        let (events, continuation) = AsyncStream.makeStream(of: Int.self)
        async let result = engine.generate(request) { event in
            if case .denoised(let step, _) = event { continuation.yield(step) }
            if case .decoded = event { continuation.finish() }
        }
        var steps = events.makeAsyncIterator()
        #expect(await steps.next() == 1)
        try await engine.loadAdapter(path, name: "meanwhile")
        let stepsAfterLoading = await steps.next()
        #expect(stepsAfterLoading != nil, "the generation was still running when the adapter was there")
        let alone = try await engine.generate(request)
        #expect(try await result.pieces[0].audio == alone.pieces[0].audio)
    }
}
