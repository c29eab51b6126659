// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Engine
import Testing

@Suite("Mixed batches")
struct MixedBatchTests {
    /// Prompts of other lengths, an odd number of frames, another seed and other adapters for each.
    private func requests(guidance: Double?) throws -> [EngineRequest] {
        let adapters = try EmbeddedModel.adapters().map(\.directory)
        func request(_ tags: String, _ lyrics: String, _ duration: Double, _ seed: UInt64) -> MusicRequest {
            MusicRequest(
                tags: tags,
                lyrics: lyrics,
                duration: duration,
                steps: 3,
                guidance: guidance,
                shift: 2,
                seed: seed
            )
        }
        return [
            EngineRequest(request("jazz", "[Instrumental]", 1.32, 1), adapters: [.init(adapters[0])]),
            EngineRequest(request("a long and winding description of a song", "la la la", 2, 2)),
            EngineRequest(
                request("東京 rock", "[Verse]\nmany words to sing", 0.6, 3),
                adapters: [.init(adapters[0], weight: -0.4), .init(adapters[1], weight: 0.7)]
            ),
        ]
    }

    private func largestDifference(_ left: EngineResult, _ right: EngineResult) -> Float {
        zip(left.pieces[0].audio.samples, right.pieces[0].audio.samples).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test("Each item of a batch is what it is alone, in as many passes as one item takes")
    func batchMates() async throws {
        let engine = try await MusicEngine.load(.init(dtype: "float32"))
        let requests = try requests(guidance: nil)
        let together = try await engine.generate(batch: requests)
        #expect(together.map(\.timings.forwardPasses) == [3, 3, 3])
        for (request, result) in zip(requests, together) {
            let alone = try await engine.generate(request.request, adapters: request.adapters)
            #expect(alone.pieces[0].audio.samples.count == result.pieces[0].audio.samples.count)
            #expect(largestDifference(alone, result) < 2e-5)
            #expect(result.pieces[0].seed == request.request.seed)
        }
        #expect(
            largestDifference(together[0], together[1]) > 0.01,
            "the items must differ for the test to say anything"
        )
    }

    @Test("After a mixed batch the base is the base")
    func baseAfterwards() async throws {
        let engine = try await MusicEngine.load(.init(dtype: "float32"))
        let request = MusicRequest(tags: "jazz", duration: 1, steps: 2, seed: 5)
        let before = try await engine.generate(request)
        _ = try await engine.generate(batch: try requests(guidance: nil))
        let after = try await engine.generate(request)
        #expect(before.pieces[0].audio == after.pieces[0].audio)
    }

    @Test("Requests that need other steps are not put in one loop")
    func incompatible() async throws {
        let engine = try await MusicEngine.load(.init(dtype: "float32"))
        let short = EngineRequest(MusicRequest(tags: "a", duration: 1, steps: 2))
        let long = EngineRequest(MusicRequest(tags: "b", duration: 1, steps: 3))
        await #expect(throws: ModelError.self) { try await engine.generate(batch: [short, long]) }
    }
}
