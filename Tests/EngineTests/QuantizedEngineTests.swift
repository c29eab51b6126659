// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Engine
import Foundation
import Layers
import TestSupport
import Testing
import Torch

private let isSupported = (try? Int8Matrix.isSupported) ?? false

@Suite("An engine in int8", .enabled(if: isSupported, "this processor has no AVX-512 VNNI"))
struct QuantizedEngineTests {
    private let request = MusicRequest(tags: "jazz", duration: 2, steps: 4, guidance: 1, seed: 7)

    private func load() async throws -> MusicEngine {
        try await MusicEngine.load(.init(device: "cpu", dtype: "int8", threads: 1))
    }

    @Test("int8 computes in the type that is chosen without it; on a GPU weights alone are integers")
    func choice() throws {
        for stored in [DType.float32, .bfloat16] {
            let arithmetic = try ComputeChoice.arithmetic("int8", stored: stored, device: .cpu)
            #expect(arithmetic.quantization == .dynamic)
            #expect(arithmetic.name == "int8")
            #expect(try arithmetic.dtype == ComputeChoice.dtype("auto", stored: stored, device: .cpu))
        }
        let graphics = try ComputeChoice.arithmetic("int8", stored: .bfloat16, device: .cuda())
        #expect(graphics.quantization == .weightsOnly)
        #expect(graphics.dtype == .bfloat16)
        let plain = try ComputeChoice.arithmetic("float32", stored: .bfloat16, device: .cpu)
        #expect(plain.dtype == .float32)
        #expect(plain.quantization == nil)
        #expect(plain.name == "float32")
    }

    @Test("Music in int8 is near float32's, and so is what an adapter changes")
    func quality() async throws {
        let adapter = try #require(try EmbeddedModel.adapters().first)
        let figures = try await QualityFigures.measure(
            ["float32", "int8"],
            of: .init(device: "cpu", threads: 1),
            request: request,
            adapters: [AdapterReference(adapter.directory)]
        )
        #expect(figures.map(\.dtype) == ["float32", "int8"])
        #expect(figures[0].latentError == 0, "the same arithmetic gives the same bits")
        #expect(figures[0].effectError == 0)
        #expect(figures[0].logSpectralDistance == 0)
        // A product of quantised rows is off by 1 % (derived in the tests of Int8Matrix); two layers and four steps of this
        // model make less than five times that of it.
        #expect(figures[1].latentError < 0.05, "\(figures)")
        #expect(figures[1].latentError > 1e-4, "int8 products are others")
        let effect = try #require(figures[1].effectError)
        #expect(effect < 0.1, "\(figures)")
        #expect(figures[1].logSpectralDistance < 3, "\(figures)")
    }

    @Test("Loading says that it quantises, and what is loaded calls itself int8")
    func loading() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: LoadingEvent.self)
        let engine = try await MusicEngine.load(.init(device: "cpu", dtype: "int8", threads: 1)) {
            continuation.yield($0)
        }
        continuation.finish()
        #expect(try await engine.base.dtype == "int8")
        var seen: [LoadingEvent] = []
        for await event in events { seen.append(event) }
        #expect(seen == [.quantizing])
    }

    @Test("Attention and feed-forward blocks are quantised, what is computed once a request is not")
    func layers() async throws {
        let engine = try await load()
        let kinds = try await engine.withModel { model in
            Dictionary(
                uniqueKeysWithValues: model.projections.paths.compactMap { path in
                    model.projections[path].map { (path, $0.product is QuantizedProduct) }
                }
            )
        }
        #expect(kinds["layers.0.self_attn.q_proj"] == true)
        #expect(kinds["layers.1.mlp.down_proj"] == true)
        #expect(kinds["time_embed.linear_1"] == false)
        #expect(kinds["condition_embedder"] == false)
        #expect(kinds["proj_in.1"] == false)
        #expect(kinds.allSatisfy { $0.value == $0.key.hasPrefix("layers.") })
    }

    @Test("Adapters play on the quantised base, and leave it as it was")
    func adapters() async throws {
        let engine = try await load()
        let base = try await engine.generate(request).bits
        for adapter in try EmbeddedModel.adapters() {
            let changed = try await engine.generate(request, adapters: [AdapterReference(adapter.directory)]).bits
            #expect(base != changed)
            let silent = [AdapterReference(adapter.directory, weight: 0)]
            #expect(try await engine.generate(request, adapters: silent).bits == base)
        }
        #expect(try await engine.generate(request).bits == base)
    }

    @Test("Items of a batch with other lengths and adapters are what they are alone")
    func batch() async throws {
        let engine = try await load()
        let adapters = try EmbeddedModel.adapters().map(\.directory)
        var requests = [EngineRequest(request), EngineRequest(request, adapters: [.init(adapters[0], weight: 0.7)])]
        requests[0].request.duration = 1.32
        requests[1].request.seed = 8
        let together = try await engine.generate(batch: requests)
        for (request, result) in zip(requests, together) {
            let alone = try await engine.generate(request.request, adapters: request.adapters)
            let (samples, others) = (alone.pieces[0].audio.samples, result.pieces[0].audio.samples)
            #expect(samples.count == others.count)
            // Another order of sums can push an activation over the edge between two integers, 1/127 of its row's largest:
            // the difference is a part of the quantisation's own, which is some hundredths.
            #expect(rootMeanSquare(zip(samples, others).map { $0 - $1 }) < 0.05 * rootMeanSquare(samples))
        }
    }

    private func rootMeanSquare(_ values: [Float]) -> Double {
        (values.reduce(0) { $0 + Double($1) * Double($1) } / Double(max(values.count, 1))).squareRoot()
    }

    @Test("Product rates are those of the model's distinct sizes, in bfloat16 and int8")
    func products() async throws {
        let rates = try await Measurement(load()).products(duration: 2, repeats: 1)
        let sizes = Set(rates.map { [$0.inputs, $0.outputs] })
        #expect(rates.count == 2 * sizes.count)
        #expect(Set(rates.map(\.dtype)) == ["bfloat16", "int8"])
        #expect(rates.allSatisfy { $0.rows == 25 && $0.projections > 0 && $0.gigaflops > 0 })
        #expect(rates.filter { $0.dtype == "bfloat16" }.allSatisfy { $0.ratio == 1 })
    }
}

@Suite("Quantised weights on disk", .enabled(if: isSupported, "this processor has no AVX-512 VNNI"))
struct PackedWeightsCacheTests {
    private let directory: TemporaryDirectory
    private let model: FixtureCopy

    init() throws {
        directory = try TemporaryDirectory()
        model = try FixtureCopy(of: "checkpoints")
    }

    private var configuration: MusicEngine.Configuration {
        // One thread: how sums are shared out among several may differ from run to run.
        var configuration = MusicEngine.Configuration(
            model: model.path,
            variant: "turbo",
            device: "cpu",
            dtype: "int8",
            threads: 1
        )
        configuration.packedWeights = PackedWeightsCache(directory: directory.path(of: "packed"))
        configuration.packedWeights.smallest = 0
        return configuration
    }

    /// Loads, and says whether it had to pack and what the base plays.
    private func play(
        _ configuration: MusicEngine.Configuration
    ) async throws -> (events: [LoadingEvent], bits: [UInt32]) {
        let (events, continuation) = AsyncStream.makeStream(of: LoadingEvent.self)
        let engine = try await MusicEngine.load(configuration) { continuation.yield($0) }
        continuation.finish()
        var seen: [LoadingEvent] = []
        for await event in events { seen.append(event) }
        return (seen, try await engine.generate(EngineFixture.request()).bits)
    }

    private var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path(of: "packed")) }
    }

    @Test("The first run packs, the next ones map what it kept and play the same bits")
    func secondRun() async throws {
        let first = try await play(configuration)
        #expect(first.events == [.quantizing])
        #expect(try files.count == 1)
        let second = try await play(configuration)
        #expect(second.events.isEmpty)
        #expect(second.bits == first.bits)
    }

    @Test("A checkpoint that has changed is packed anew, and the old file makes room")
    func changedCheckpoint() async throws {
        _ = try await play(configuration)
        let old = try files
        let weights = model.path + "/acestep-v15-turbo/model.safetensors"
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1e9)],
            ofItemAtPath: weights
        )
        var small = configuration
        small.packedWeights.limit = 1
        #expect(try await play(small).events == [.quantizing])
        #expect(try files.count == 1)
        #expect(try files != old)
    }

    @Test("A damaged file is packed anew")
    func damaged() async throws {
        let whole = try await play(configuration)
        let path = directory.path(of: "packed/" + (try #require(try files.first)))
        let original = try Data(contentsOf: URL(filePath: path))
        var broken = original
        broken[broken.count - 5] ^= 1
        for content in [broken, original.prefix(original.count / 2), Data()] {
            try content.write(to: URL(filePath: path))
            let again = try await play(configuration)
            #expect(again.events == [.quantizing])
            #expect(again.bits == whole.bits)
            #expect(try Data(contentsOf: URL(filePath: path)) == original)
        }
    }

    @Test("Where nothing can be kept, the model plays all the same and says so")
    func unwritable() async throws {
        try Data().write(to: URL(filePath: directory.path(of: "packed")))
        let run = try await play(configuration)
        #expect(run.events.first == .quantizing)
        guard case .notKept(let reason)? = run.events.last else {
            Issue.record("nothing was said")
            return
        }
        #expect(!reason.isEmpty)
        #expect(!run.bits.isEmpty)
    }

    @Test("What killed runs left is removed after an hour, not before")
    func leftovers() async throws {
        let packed = directory.path(of: "packed")
        try FileManager.default.createDirectory(atPath: packed, withIntermediateDirectories: true)
        for name in [".old.safetensors.partial", ".new.safetensors.partial"] {
            try Data().write(to: URL(filePath: packed + "/" + name))
        }
        let old = packed + "/.old.safetensors.partial"
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: old)
        _ = try await play(configuration)
        #expect(try files.contains(".new.safetensors.partial"))
        #expect(try !files.contains(".old.safetensors.partial"))
    }

    @Test("Small models are not worth a file")
    func small() async throws {
        var usual = configuration
        usual.packedWeights.smallest = PackedWeightsCache().smallest
        #expect(try await play(usual).events == [.quantizing])
        #expect(!FileManager.default.fileExists(atPath: directory.path(of: "packed")))
    }
}
