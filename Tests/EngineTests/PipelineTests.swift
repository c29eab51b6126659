// SPDX-License-Identifier: Apache-2.0

import Foundation
import Lumina
import TestSupport
import Testing

@Suite("The library's pipeline")
struct PipelineTests {
    private func pipeline() async throws -> Pipeline {
        try await Pipeline(
            model: EngineFixture.model,
            variant: "turbo",
            device: "cpu",
            dtype: "float32",
            adapterMode: .factors
        )
    }

    private func bits(_ pipeline: Pipeline, _ tags: String = "late night piano") async throws -> [UInt32] {
        try await pipeline.generate(tags: tags, duration: 0.2, steps: 2, seed: 42).bits
    }

    @Test("The user's story: load, blend, generate, save, and the base again")
    func story() async throws {
        let pipeline = try await pipeline()
        #expect(try await pipeline.base.name == "acestep-v15-turbo")
        let base = try await bits(pipeline)
        try await pipeline.loadAdapter(EngineFixture.adapter("lora"), name: "jazz")
        let jazz = try await bits(pipeline)
        try await pipeline.loadAdapter(EngineFixture.adapter("pattern"), name: "lofi")
        #expect(try await pipeline.adapters == ["jazz", "lofi"])
        try await pipeline.setAdapterWeights(["jazz": 1])
        #expect(try await bits(pipeline) == jazz)
        try await pipeline.setAdapterWeights(["jazz": 0.7, "lofi": 0.3])
        let blend = try await bits(pipeline)
        #expect(Set([base, jazz, blend]).count == 3)
        try await pipeline.setAdapterWeights([:])
        #expect(try await bits(pipeline) == base)
        try await pipeline.setAdapterWeights(["lofi": 1])
        try await pipeline.unloadAdapter("lofi")
        #expect(try await bits(pipeline) == base)
    }

    @Test("A weight for an adapter that is not loaded is refused, and the blend stays")
    func strangers() async throws {
        let pipeline = try await pipeline()
        try await pipeline.loadAdapter(EngineFixture.adapter("lora"), name: "jazz")
        let before = try await bits(pipeline)
        let error = await #expect(throws: EngineError.self) {
            try await pipeline.setAdapterWeights(["jazz": 0.5, "rock": 1])
        }
        #expect(error == .unknownAdapter("rock", resident: ["jazz"]))
        #expect(try await bits(pipeline) == before)
    }

    @Test("A finished piece is written whole, in the format of its name")
    func saving() async throws {
        let pipeline = try await pipeline()
        let song = try await pipeline.generate(tags: "x", duration: 0.2, steps: 1, seed: 1)
        let directory = try TemporaryDirectory()
        try pipeline.save(song, to: directory.path(of: "song.wav"))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: directory.path(of: "song.wav")))
        #expect(bytes.prefix(4) == Data("RIFF".utf8))
        #expect(bytes.count > 5 * 1920 * 2 * 2)
        #expect(throws: (any Error).self) { try pipeline.save(song, to: directory.path(of: "song.xyz")) }
        #expect(try directory.names() == ["song.wav"])
    }

    @Test("Progress is told step by step")
    func progress() async throws {
        let pipeline = try await pipeline()
        let (stream, continuation) = AsyncStream<GenerationEvent>.makeStream()
        _ = try await pipeline.generate(.init(tags: "x", duration: 0.2, steps: 3, seed: 1)) { continuation.yield($0) }
        continuation.finish()
        var events: [GenerationEvent] = []
        for await event in stream { events.append(event) }
        #expect(
            events == [
                .encoded, .denoised(step: 1, of: 3), .denoised(step: 2, of: 3), .denoised(step: 3, of: 3), .decoded(1),
            ]
        )
    }
}
