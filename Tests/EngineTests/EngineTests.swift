// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Checkpoints
import Engine
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("The engine")
struct EngineTests {
    @Test("It says what it has loaded")
    func description() async throws {
        let base = try await EngineFixture.load("base").base
        #expect((base.name, base.variant, base.layers) == ("acestep-v15-base", .base, 3))
        #expect((base.dtype, base.storedType, base.device) == ("float32", "bfloat16", "cpu"))
        #expect(base.version == "base")
    }

    @Test("A checkpoint that cannot be loaded is refused as what it is")
    func unloadable() async throws {
        let error = await #expect(throws: ModelError.self) { try await EngineFixture.load("sft") }
        #expect(error?.description.contains("has no variant 'sft'; it has base, turbo, xl-turbo") == true)
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.write("{", to: "Qwen3-Embedding-0.6B/tokenizer.json")
        let broken = await #expect(throws: (any Error).self) { try await EngineFixture.load(path: copy.path) }
        #expect("\(String(describing: broken))".contains("tokenizer.json"))
    }

    @Test("Adapters come by name or path, have an effect, and leave none behind")
    func adapters() async throws {
        let engine = try await EngineFixture.load()
        let request = EngineFixture.request(steps: 2)
        let before = try await engine.generate(request).bits
        let summary = try await engine.loadAdapter(EngineFixture.adapter("lora"), name: "jazz")
        #expect((summary.name, summary.kinds, summary.ranks, summary.layerCount) == ("jazz", ["lora"], [2], 24))
        #expect(summary.byteCount > 0)
        #expect(try await engine.generate(request).bits == before, "loading alone changes nothing")
        let named = try await engine.generate(request, adapters: [.init("jazz", weight: 0.5)])
        #expect(named.bits != before)
        let used = try #require(named.adapters.first)
        #expect((used.reference, used.name, used.weight) == ("jazz", "jazz", 0.5))
        let path = EngineFixture.adapter("pattern")
        let pathed = try await engine.generate(request, adapters: [.init(path), .init("jazz", weight: -1)])
        #expect(pathed.adapters.map(\.name) == ["pattern", "jazz"])
        #expect(try await engine.adapterNames == ["jazz", "pattern"])
        #expect(try await engine.generate(request, adapters: [.init("jazz", weight: 0)]).bits == before)
        #expect(try await engine.generate(request).bits == before)
        try await engine.unloadAdapter("jazz")
        #expect(try await engine.adapterNames == ["pattern"])
        #expect(try await engine.generate(request).bits == before)
    }

    @Test("Names that mean nothing and paths that hold nothing are refused, and nothing becomes resident")
    func unknownAdapters() async throws {
        let engine = try await EngineFixture.load()
        let request = EngineFixture.request()
        let directory = try TemporaryDirectory()
        for path in ["nowhere", directory.path, try directory.write("x", to: "a.safetensors")] {
            await #expect(throws: (any Error).self) { try await engine.generate(request, adapters: [.init(path)]) }
        }
        await #expect(throws: (any Error).self) { try await engine.unloadAdapter("nowhere") }
        #expect(try await engine.adapterNames.isEmpty)
    }

    @Test("Cancelling stops within a step and writes nothing")
    func cancellation() async throws {
        let engine = try await EngineFixture.load()
        let directory = try TemporaryDirectory()
        let tensors = directory.path(of: "tensors.safetensors")
        let steps = Mutex(0)
        let run = Task {
            try await engine.generate(EngineFixture.request(steps: 1000), saveTensors: tensors) { event in
                guard case .denoised(let step, _) = event else { return }
                steps.withLock { $0 = step }
                if step == 3 { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
            }
        }
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(steps.withLock { $0 } == 3)
        #expect(try directory.names().isEmpty)
        #expect(try await engine.generate(EngineFixture.request()).pieces.count == 1, "it goes on working")
    }

    @Test("Saved tensors have the reference's names, shapes and values")
    func savedTensors() async throws {
        let engine = try await EngineFixture.load()
        let directory = try TemporaryDirectory()
        let file = try RequestFile(path: TestProducts.modelFixture("requests/instrumental.json"))
        _ = try await engine.generate(file.request, saveTensors: directory.path(of: "all.safetensors"))
        let saved = try TensorFile(path: directory.path(of: "all.safetensors"))
        let golden = try TensorFile(path: TestProducts.modelFixture("outputs/turbo.instrumental.safetensors"))
        #expect(
            Set(saved.names)
                == Set(["caption_ids", "lyric_ids", "encoder_hidden_states", "noise", "latents", "audio"])
                .union((0..<8).map { "latents.\($0)" })
        )
        for name in golden.names where name != "audio.every32" {
            let (values, expected) = (try saved.entry(name), try golden.entry(name))
            #expect((values.shape, values.dtype) == (expected.shape, expected.dtype))
            guard expected.dtype != .int64 else {
                #expect(values.bytes == expected.bytes)
                continue
            }
            let agreement = Agreement(name, values.floats, expected.floats, shape: expected.shape)
            #expect(agreement.error <= 1e-4, "\(agreement)")
        }
        #expect(try saved.entry("audio").shape == [1, 2, 13 * 1920])
    }

    @Test("Requests that cannot be met are refused before anything is computed")
    func outOfRange() async throws {
        let engine = try await EngineFixture.load()
        for request in [MusicRequest(tags: "", duration: 601), .init(tags: "", steps: 0), .init(tags: "", batch: 17)] {
            await #expect(throws: ModelError.self) {
                try await engine.generate(request) { _ in Issue.record("something was computed") }
            }
        }
    }
}
