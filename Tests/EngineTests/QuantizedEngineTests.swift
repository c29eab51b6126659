// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Engine
import Testing
import Torch

private let isSupported = (try? Int8Matrix.isSupported) ?? false

@Suite("An engine in int8", .enabled(if: isSupported, "this processor has no AVX-512 VNNI"))
struct QuantizedEngineTests {
    private let request = MusicRequest(tags: "jazz", duration: 2, steps: 4, guidance: 1, seed: 7)

    @Test("int8 is a choice for the processor only, on top of the type that it computes fast")
    func choice() throws {
        let arithmetic = try ComputeChoice.arithmetic("int8", stored: .float32, device: .cpu)
        #expect(arithmetic.isQuantized)
        #expect(arithmetic.name == "int8")
        #expect(try arithmetic.dtype == (ComputeChoice.hasFastBFloat16 ? .bfloat16 : .float32))
        let error = #expect(throws: EngineError.self) {
            try ComputeChoice.arithmetic("int8", stored: .bfloat16, device: .cuda())
        }
        #expect(error?.description.contains("--device cpu") == true)
        let plain = try ComputeChoice.arithmetic("float32", stored: .bfloat16, device: .cpu)
        #expect(plain.dtype == .float32)
        #expect(!plain.isQuantized)
    }

    /// Where the limits come from.
    ///
    /// A product of rows quantised to eight bits is off by about 1 % (derived in the tests of `Int8Matrix`), one rounding to
    /// bfloat16 by 0.1 %. But products are a part of what bfloat16 rounds: residual sums, norms and attention are all of it,
    /// and errors of products average out in the sums. The mode is worth having as long as it adds no more than bfloat16
    /// does by itself: 3 dB.
    @Test("Music in int8 is as near to float32's as bfloat16's is, within 3 dB")
    func quality() async throws {
        let dtypes = ["float32", "bfloat16", "int8"]
        let figures = try await QualityFigures.measure(dtypes, of: .init(device: "cpu"), request: request)
        #expect(figures.map(\.dtype) == dtypes)
        #expect(figures[0].latentSignalToNoise == .infinity, "the same arithmetic gives the same bits")
        #expect(figures[0].logSpectralDistance == 0)
        #expect(figures[2].latentSignalToNoise > figures[1].latentSignalToNoise - 3, "\(figures)")
        #expect(figures[2].latentSignalToNoise > 15, "\(figures)")
        #expect(figures[2].latentSignalToNoise != figures[1].latentSignalToNoise, "int8 products are others")
        #expect(figures[2].logSpectralDistance < figures[1].logSpectralDistance + 1, "\(figures)")
    }

    @Test("Loading says that it quantises, and what is loaded calls itself int8")
    func loading() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: LoadingEvent.self)
        let engine = try await MusicEngine.load(.init(device: "cpu", dtype: "int8")) { continuation.yield($0) }
        continuation.finish()
        #expect(try await engine.base.dtype == "int8")
        var seen: [LoadingEvent] = []
        for await event in events { seen.append(event) }
        #expect(seen == [.quantizing])
    }

    @Test("Adapters play on the quantised base, and leave it as it was")
    func adapters() async throws {
        let engine = try await MusicEngine.load(.init(device: "cpu", dtype: "int8"))
        let adapter = try #require(try EmbeddedModel.adapters().first)
        let base = try await engine.generate(request).pieces.map(\.audio)
        let changed = try await engine.generate(request, adapters: [AdapterReference(adapter.directory)]).pieces.map(
            \.audio
        )
        #expect(base != changed)
        #expect(try await engine.generate(request).pieces.map(\.audio) == base)
    }

    @Test("Product rates are those of the model's distinct sizes")
    func products() async throws {
        let engine = try await MusicEngine.load(.init(device: "cpu", dtype: "int8"))
        let rates = try await Measurement(engine).products(duration: 2, repeats: 1)
        #expect(Set(rates.map { [$0.inputs, $0.outputs] }).count == rates.count)
        #expect(rates.allSatisfy { $0.rows == 25 && $0.projections > 0 && $0.bfloat16 > 0 && ($0.int8 ?? 0) > 0 })
    }
}
