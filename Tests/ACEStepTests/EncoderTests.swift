// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Layers
import ModelTestSupport
import TestSupport
import Testing
import Torch

@Suite("Encoding audio")
struct EncoderTests {
    private static let short = TestProducts.modelFixture("parts/autoencoder.short")

    @Test(
        "The posterior of two autoencoders, of lengths that are no multiple of a frame",
        arguments: ["autoencoder", "autoencoder.short"]
    )
    func posterior(name: String) throws {
        let golden = try ModelFixture.golden("parts/\(name)/expected")
        let encoder = try Autoencoder.encoder(TestProducts.modelFixture("parts/" + name))
        let posterior = try encoder(golden.tensor("audio"))
        for agreement in [
            try Agreement("mean", posterior.mean, with: golden),
            try Agreement("standard_deviation", posterior.standardDeviation, with: golden),
        ] {
            #expect(agreement.error <= PartsTests.limit, "\(agreement)")
        }
    }

    @Test("A draw from the posterior is the reference's for the same seed, and another for another")
    func sample() throws {
        let golden = try ModelFixture.golden("parts/autoencoder.short/expected")
        let posterior = LatentPosterior(
            mean: try golden.tensor("mean"),
            standardDeviation: try golden.tensor("standard_deviation")
        )
        let drawn = try posterior.sample(Generator(seed: 7))
        let agreement = try Agreement("sample.seed7", drawn, with: golden)
        #expect(agreement.error <= 1e-6, "\(agreement)")
        #expect(try posterior.sample(Generator(seed: 8)).floats() != drawn.floats())
    }

    /// 48 samples a frame: 31 more make no frame, but the last frame sees them.
    @Test(
        "Tiles equal a single pass up to rounding",
        arguments: [(48, 4), (5 * 48 + 1, 1), (23 * 48 + 47, 7), (40 * 48, 16), (90 * 48 + 31, 30), (64 * 48, 128)]
    )
    func equality(samples: Int, tile: Int) throws {
        let encoder = try Autoencoder.encoder(Self.short)
        let audio = try Self.noise(samples: samples)
        let whole = try encoder(audio)
        var shares: [Double] = []
        let tiled = try Tiling(frames: tile, context: encoder.reach).encode(audio, with: encoder) { shares.append($0) }
        for agreement in [
            try Agreement("mean", tiled.mean, with: whole.mean),
            try Agreement("standard deviation", tiled.standardDeviation, with: whole.standardDeviation),
        ] {
            #expect(agreement.error <= 1e-5, "\(samples) samples in tiles of \(tile): \(agreement)")
        }
        #expect(tiled.mean.shape == [1, 6, samples / 48])
        #expect(shares.last == 1 && shares.count == max(1, (samples / 48 + tile - 1) / tile))
    }

    @Test("A changed frame changes nothing beyond the encoder's reach, and something within two frames of it")
    func receptiveField() throws {
        let encoder = try Autoencoder.encoder(Self.short)
        let (frames, changed) = (4 * encoder.reach + 9, 2 * encoder.reach + 4)
        let audio = try Self.noise(samples: 48 * frames)
        let before = try encoder(audio).mean.floats()
        var values = try audio.floats()
        for sample in 48 * changed..<48 * (changed + 1) { values[sample] += 1 }
        let after = try encoder(Tensor(values, shape: audio.shape)).mean.floats()
        let differing = Set(before.indices.filter { before[$0] != after[$0] }.map { $0 % frames })
        let first = try #require(differing.min())
        let last = try #require(differing.max())
        #expect(changed - first <= encoder.reach && last - changed <= encoder.reach, "\(first)…\(last) of \(changed)")
        #expect(max(changed - first, last - changed) >= encoder.reach - 2, "\(first)…\(last) around \(changed)")
    }

    @Test("What the progress throws ends the encoding")
    func stopping() throws {
        struct Stop: Error {}
        let encoder = try Autoencoder.encoder(Self.short)
        var pieces = 0
        #expect(throws: Stop.self) {
            try Tiling(frames: 4, context: encoder.reach).encode(Self.noise(samples: 40 * 48), with: encoder) { _ in
                pieces += 1
                if pieces == 2 { throw Stop() }
            }
        }
        #expect(pieces == 2)
    }

    @Test("An autoencoder that is not the one of its configuration is refused with the tensor's name")
    func misfit() throws {
        let copy = try FixtureCopy(of: "parts/autoencoder.short")
        try copy.edit(json: "config.json", ["encoder_hidden_size": 16])
        let error = #expect(throws: LayerError.self) { _ = try Autoencoder.encoder(copy.path) }
        #expect(error?.description.contains("encoder.conv1") == true, "\(String(describing: error))")
    }

    private static func noise(samples: Int) throws -> Tensor {
        try Tensor.randn([1, 2, samples], generator: Generator(seed: 4), dtype: .float32, device: .cpu)
    }
}
