// SPDX-License-Identifier: Apache-2.0

import ACEStep
import TestSupport
import Testing
import Torch

@Suite("Generation")
struct GenerationTests {
    @Test("Each item of a batch has the noise of its seed and, up to rounding, the music of that seed alone")
    func batch() throws {
        let model = try ModelFixture.base.load()
        var request = try RequestFixture.read("guided")
        request.batch = 3
        let together = try model.recorded(request)
        for item in 0..<3 {
            var alone = request
            alone.batch = 1
            alone.seed = request.seed.map { $0 + UInt64(item) }
            let single = try model.recorded(alone)
            for name in ["noise", "latents.0", "latents", "audio"] {
                let part = try #require(together[name]).slice(0, from: item, to: item + 1)
                let agreement = try Agreement("\(name) of item \(item)", part, with: #require(single[name]))
                #expect(agreement.error <= (name == "noise" ? 0 : 2e-5), "\(agreement)")
            }
        }
    }

    @Test("Pieces carry consecutive seeds, and the events tell every step once")
    func pieces() throws {
        let model = try ModelFixture.turbo.load()
        var request = try RequestFixture.read("instrumental")
        (request.batch, request.seed) = (2, .max)
        var events: [GenerationEvent] = []
        let result = try model.generate(GenerationRun(request, variant: .turbo), report: { events.append($0) })
        #expect(result.pieces.map(\.seed) == [.max, 0])
        #expect(result.pieces.allSatisfy { $0.channels.count == 2 && $0.channels[0].count == request.frames * 1920 })
        #expect(result.pieces[0].channels != result.pieces[1].channels)
        #expect(result.pieces[0].sampleRate == 48_000)
        #expect(events.first == .encoded)
        #expect(events.dropFirst().prefix(8) == (1...8).map { .denoised(step: $0, of: 8) }[...])
        #expect(events.last == .decoded(1))
    }

    @Test("The same request gives the same bits; a request without a seed another one each time")
    func seeds() throws {
        let model = try ModelFixture.turbo.load()
        var request = try RequestFixture.read("instrumental")
        func samples() throws -> [UInt32] {
            let result = try model.generate(GenerationRun(request, variant: .turbo))
            return result.pieces[0].channels[0].map(\.bitPattern)
        }
        let first = try samples()
        #expect(try samples() == first)
        request.seed = nil
        #expect(try samples() != samples())
    }

    @Test("What the progress throws ends the run within a step")
    func stopping() throws {
        struct Stop: Error {}
        let model = try ModelFixture.turbo.load()
        let run = try GenerationRun(RequestFixture.read("instrumental"), variant: .turbo)
        var steps = 0
        #expect(throws: Stop.self) {
            try model.generate(
                run,
                report: { event in
                    guard case .denoised = event else { return }
                    steps += 1
                    if steps == 3 { throw Stop() }
                }
            )
        }
        #expect(steps == 3)
    }

    @Test("A caption and lyrics that are too long are cut, and the warning says by how many tokens")
    func tooLong() throws {
        let model = try ModelFixture.turbo.load()
        let request = MusicRequest(
            tags: String(repeating: "ab ", count: 400),
            lyrics: String(repeating: "xyz\n", count: 3000),
            duration: 0.2,
            steps: 1,
            seed: 1
        )
        let prompt = Prompt(request)
        let tokens = try model.tokens(of: prompt)
        #expect((tokens.caption.count, tokens.lyrics.count) == (256, 2048))
        #expect(tokens.cutFromCaption > 0 && tokens.cutFromLyrics > 0)
        let warnings = try model.generate(GenerationRun(request, variant: .turbo)).pieces[0].warnings
        #expect(warnings.contains { $0.contains("tags") && $0.contains("\(tokens.cutFromCaption) tokens") })
        #expect(warnings.contains { $0.contains("lyrics") && $0.contains("\(tokens.cutFromLyrics) tokens") })
        let short = try model.generate(GenerationRun(RequestFixture.read("instrumental"), variant: .turbo))
        #expect(short.pieces[0].warnings.isEmpty)
    }

    @Test("Silence longer than its file repeats it")
    func silence() throws {
        let model = try ModelFixture.turbo.load()
        let (short, long) = (try model.silence(frames: 40), try model.silence(frames: 790))
        #expect(long.shape == [1, 790, 64])
        #expect(try long.slice(1, from: 750, to: 790).floats() == short.floats())
    }

    @Test("Guidance above 1 needs the checkpoint's empty condition; without guidance it is not missed")
    func emptyCondition() throws {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.edit(tensors: "acestep-v15-base/model.safetensors") { $0.tensors["null_condition_emb"] = nil }
        let model = try ModelFixture.load(copy.path, variant: "base")
        var request = try RequestFixture.read("instrumental")
        _ = try model.recorded(request)
        request.guidance = 7
        let error = #expect(throws: ModelError.self) { try model.recorded(request) }
        #expect(error?.description.contains("null_condition_emb") == true)
        #expect(error?.description.contains("use guidance 1") == true)
    }

    @Test(
        "The guidance interval decides in which steps guidance takes part; the original counts it the other way round"
    )
    func guidanceInterval() throws {
        var request = try RequestFixture.read("guided")
        func latents(_ compatibility: Compatibility, _ start: Double, _ end: Double) throws -> [[Float]] {
            request.guidanceInterval = .init(start: start, end: end)
            let recorded = try ModelFixture.base.load(compatibility: compatibility).recorded(request)
            return try (0..<6).map { try #require(recorded["latents.\($0)"]).floats() }
        }
        let always = try latents(.standard, 0, 1)
        let early = try latents(.standard, 0, 0.4)
        let late = try latents(.standard, 0.6, 1)
        request.guidance = 1
        let never = try latents(.standard, 0, 1)
        #expect(early[0] == always[0])
        #expect(early[5] != always[5])
        #expect(late[0] == never[0])
        #expect(late[5] != never[5])
        request.guidance = 7
        let originalEarly = try latents(.original, 0.6, 1)
        let originalLate = try latents(.original, 0, 0.4)
        #expect(originalEarly[0] != originalLate[0], "t is 1 in the first step: only the first of them guides it")
    }
}
