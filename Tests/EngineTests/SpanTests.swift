// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Adapters
import Audio
import Engine
import Foundation
import TestSupport
import Testing

/// Where a test of spans generates: 33 frames, of which the last token has one.
private struct SpanStage {
    static let duration = 1.32
    let directory: TemporaryDirectory
    let engine: MusicEngine

    /// Loads a variant of a checkpoint.
    init(model: String = EngineFixture.model, variant: String? = "turbo") async throws {
        directory = try TemporaryDirectory()
        engine = try await EngineFixture.load(variant, path: model)
    }

    static func request(guidance: Double? = nil, steps: Int = 2, seed: UInt64 = 7) -> MusicRequest {
        MusicRequest(tags: "jazz", lyrics: "la la", duration: duration, steps: steps, guidance: guidance, seed: seed)
    }

    func result(_ adapters: [AdapterReference], _ request: MusicRequest = request()) async throws -> EngineResult {
        try await engine.generate(request, adapters: adapters)
    }

    /// The final latents, by frame.
    func latents(
        _ adapters: [AdapterReference],
        _ request: MusicRequest = request(guidance: 1)
    ) async throws -> [[Float]] {
        let path = directory.path(of: "tensors.safetensors")
        _ = try await engine.generate(request, adapters: adapters, saveTensors: path)
        let entry = try TensorFile(path: path).entry("latents")
        let (values, channels) = (entry.floats, entry.shape[2])
        return stride(from: 0, to: values.count, by: channels).map { Array(values[$0..<$0 + channels]) }
    }
}

/// A copy of a fixture whose self-attention gives nothing, so that no token sees another.
private func copyWithoutMixing(of checkpoint: String, file: String) throws -> FixtureCopy {
    let copy = try FixtureCopy(of: checkpoint)
    try copy.edit(tensors: file) { tensors in
        let outputs = tensors.names.filter {
            $0.contains("layers.") && $0.contains("self_attn") && ($0.contains("o_proj") || $0.contains("to_out"))
        }
        for name in outputs where !name.hasPrefix("encoder.") && !name.contains("tokenizer") {
            let entry = try tensors.entry(name)
            tensors.tensors[name] = TensorFile.Entry(zeros: entry.shape, dtype: entry.dtype)
        }
    }
    return copy
}

private func largestDifference(_ left: [[Float]], _ right: [[Float]], _ frames: Range<Int>) -> Float {
    frames.reduce(0) { largest, frame in
        zip(left[frame], right[frame]).reduce(largest) { max($0, abs($1.0 - $1.1)) }
    }
}

@Suite("Spans of a song")
struct SpanTests {
    private static let everywhere = 0..<33

    /// The tokens whose middles lie in 0.4 … 0.9 s are 5 … 10, of frames 10 … 21.
    private static let inside = 10..<22

    private static func isOutput(_ path: String) -> Bool { path.hasSuffix("self_attn.o_proj") }

    private static let layouts = [
        ("checkpoints", "turbo", "acestep-v15-turbo/model.safetensors"),
        ("diffusers", nil, "transformer/diffusion_pytorch_model.safetensors"),
    ]

    @Test(
        "Where tokens do not see each other, frames inside sound as with the adapter everywhere, those outside as the base",
        arguments: WideAdapter.allCases,
        layouts
    )
    func separation(family: WideAdapter, layout: (String, String?, String)) async throws {
        let copy = try copyWithoutMixing(of: layout.0, file: layout.2)
        let stage = try await SpanStage(model: copy.path, variant: layout.1)
        let path = try family.write(to: stage.directory, name: "a", seed: 3) { !Self.isOutput($0) }
        let base = try await stage.latents([])
        let adapted = try await stage.latents([.init(path, weight: 0.8)])
        let part = try await stage.latents([.init(path, weight: 0.8, span: SongSpan(from: 0.4, to: 0.9))])
        #expect(largestDifference(adapted, base, Self.inside) > 0.01)
        #expect(largestDifference(part, adapted, Self.inside) < 2e-5)
        for frames in [0..<Self.inside.lowerBound, Self.inside.upperBound..<33] {
            #expect(largestDifference(part, base, frames) < 2e-5)
            #expect(largestDifference(part, adapted, frames) > 0.01)
        }
    }

    @Test("Where spans of different families overlap, frames sound as with the blend of those that hold them")
    func overlap() async throws {
        let copy = try copyWithoutMixing(of: "checkpoints", file: "acestep-v15-turbo/model.safetensors")
        let stage = try await SpanStage(model: copy.path)
        let paths = try [WideAdapter.dora, .oft, .lokr].enumerated().map { seed, family in
            try family.write(to: stage.directory, name: family.rawValue, seed: UInt64(seed)) { !Self.isOutput($0) }
        }
        let (first, second, third) = (paths[0], paths[1], paths[2])
        let found = try await stage.latents([
            .init(first, weight: 0.7, span: SongSpan(from: 0, to: 0.8)),
            .init(second, weight: -0.4, span: SongSpan(from: 0.4)), .init(third, weight: 0.5),
        ])
        let alone = try await [
            (0..<10, stage.latents([.init(first, weight: 0.7), .init(third, weight: 0.5)])),
            (
                10..<20,
                stage.latents([.init(first, weight: 0.7), .init(second, weight: -0.4), .init(third, weight: 0.5)])
            ),
            (20..<33, stage.latents([.init(second, weight: -0.4), .init(third, weight: 0.5)])),
        ]
        for (frames, expected) in alone { #expect(largestDifference(found, expected, frames) < 2e-5, "\(frames)") }
        #expect(largestDifference(alone[0].1, alone[1].1, Self.everywhere) > 0.01)
    }

    @Test(
        "Two spans that meet, of two copies of one adapter, are the adapter everywhere",
        arguments: WideAdapter.allCases,
        [("turbo", nil), ("base", 3)] as [(String, Double?)]
    )
    func partition(family: WideAdapter, model: (String, Double?)) async throws {
        let stage = try await SpanStage(variant: model.0)
        let request = SpanStage.request(guidance: model.1)
        let path = try family.write(to: stage.directory, name: "first", seed: 5)
        let copy = try family.write(to: stage.directory, name: "second", seed: 5)
        try await stage.engine.loadAdapter(path, name: "one")
        try await stage.engine.loadAdapter(copy, name: "two")
        let curve = try #require(StrengthCurve([.init(progress: 0, weight: 0.9), .init(progress: 1, weight: 0.2)]))
        let groups = GroupScales(selfAttention: 0.5, crossAttention: 1.5)
        let whole = try await stage.latents([.init("one", curve: curve, groups: groups)], request)
        let halves = try await stage.latents(
            [
                .init("one", curve: curve, groups: groups, span: SongSpan(from: 0, to: 0.7)),
                .init("two", curve: curve, groups: groups, span: SongSpan(from: 0.7)),
            ],
            request
        )
        #expect(largestDifference(whole, halves, Self.everywhere) < 5e-5)
        #expect(largestDifference(whole, try await stage.latents([], request), Self.everywhere) > 0.01)
    }

    @Test(
        "A span over the whole song is no span, one behind it is the base, bit for bit; both say so where it is not asked for"
    )
    func ends() async throws {
        let stage = try await SpanStage()
        let path = EngineFixture.adapter("lora")
        let (base, whole) = (try await stage.result([]), try await stage.result([.init(path)]))
        let exact = try await stage.result([.init(path, span: SongSpan(from: 0, to: SpanStage.duration))])
        #expect(exact.bits == whole.bits)
        #expect(exact.warnings == whole.warnings)
        let long = try await stage.result([.init(path, span: SongSpan(from: 0, to: 9))])
        #expect(long.bits == whole.bits)
        #expect(long.warnings.contains { $0.contains("longer than the song") && $0.contains("1.32 s") })
        let behind = try await stage.result([.init(path, span: SongSpan(from: 2, to: 9))])
        #expect(behind.bits == base.bits)
        #expect(behind.warnings.contains { $0.contains("behind the song's end") })
        let short = try await stage.result([.init(path, span: SongSpan(from: 0.05, to: 0.1))])
        #expect(short.bits == base.bits)
        #expect(short.warnings.contains { $0.contains("shorter than a token of 0.08 s") })
        let part = try await stage.result([.init(path, span: SongSpan(from: 0.5))])
        #expect(part.bits != base.bits)
        #expect(part.bits != whole.bits)
        #expect(part.warnings.isEmpty)
        #expect(part.adapters[0].span == (try SongSpan(from: 0.5)))
        #expect(try await stage.result([]).bits == base.bits)
    }

    @Test("Items of a batch with spans, other lengths and other adapters are what they are alone", arguments: [nil, 4])
    func batch(guidance: Double?) async throws {
        let stage = try await SpanStage(variant: guidance == nil ? "turbo" : "base")
        let paths = try WideAdapter.allCases.map { family in
            try family.write(to: stage.directory, name: family.rawValue, seed: 11)
        }
        func request(_ tags: String, _ duration: Double, _ seed: UInt64) -> MusicRequest {
            MusicRequest(tags: tags, duration: duration, steps: 2, guidance: guidance, seed: seed)
        }
        let requests = [
            EngineRequest(
                request("jazz", 1.32, 1),
                adapters: [
                    .init(paths[0], weight: 0.5, span: try SongSpan(from: 0.2, to: 0.9)),
                    .init(paths[3], weight: 0.5, span: try SongSpan(from: 0.6)),
                ]
            ),
            EngineRequest(request("a long and winding description", 2, 2)),
            EngineRequest(request("rock", 0.6, 3), adapters: [.init(paths[1]), .init(paths[5], weight: 0.3)]),
            EngineRequest(
                request("pop", 0.92, 4),
                adapters: [
                    .init(paths[2], weight: -0.5, span: try SongSpan(from: 0, to: 0.3)),
                    .init(paths[2], weight: 0.5, span: try SongSpan(from: 0.3, to: 0.6)),
                ]
            ),
        ]
        let together = try await stage.engine.generate(batch: requests)
        #expect(together[0].timings.forwardPasses == (guidance == nil ? 2 : 4))
        for (request, result) in zip(requests, together) {
            let alone = try await stage.engine.generate(request.request, adapters: request.adapters)
            let pairs = zip(alone.pieces[0].audio.samples, result.pieces[0].audio.samples)
            #expect(pairs.allSatisfy { abs($0 - $1) < 1e-4 }, "\(request.request.tags)")
        }
    }

    @Test("An adapter may be named twice where its spans are apart, and not where they overlap")
    func twice() async throws {
        let stage = try await SpanStage()
        let path = EngineFixture.adapter("lora")
        let apart = try await stage.result([
            .init(path, span: SongSpan(from: 0, to: 0.4)), .init(path, weight: 0.5, span: SongSpan(from: 0.8)),
        ])
        #expect(apart.bits != (try await stage.result([])).bits)
        await #expect(throws: AdapterError.selectedTwice(adapter: "lora")) {
            try await stage.result([
                .init(path, span: SongSpan(from: 0, to: 0.5)), .init(path, weight: 0.5, span: SongSpan(from: 0.4)),
            ])
        }
    }
}
