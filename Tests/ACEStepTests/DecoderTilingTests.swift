// SPDX-License-Identifier: Apache-2.0

import ACEStep
import TestSupport
import Testing
import Torch

@Suite("Decoding in tiles")
struct DecoderTilingTests {
    private static func noise(frames: Int, seed: UInt64 = 3) throws -> Tensor {
        try Tensor.randn([1, 64, frames], generator: Generator(seed: seed), dtype: .float32, device: .cpu)
    }

    @Test(
        "Tiles equal a single pass up to rounding",
        arguments: [(1, 4), (5, 1), (23, 7), (40, 16), (41, 40), (64, 128), (90, 30)]
    )
    func equality(frames: Int, tile: Int) throws {
        let decoder = try ModelFixture.turbo.load().decoder
        let latents = try Self.noise(frames: frames)
        let whole = try decoder(latents)
        var shares: [Double] = []
        let tiled = try Tiling(frames: tile, context: decoder.reach)
            .decode(latents, with: decoder) { shares.append($0) }
        #expect(tiled.shape == whole.shape)
        let agreement = try Agreement("\(frames) frames in tiles of \(tile)", tiled, with: whole)
        #expect(agreement.error <= 1e-5, "\(agreement)")
        #expect(shares.last == 1)
        #expect(shares == shares.sorted())
        #expect(shares.count == (frames + tile - 1) / tile)
    }

    /// A frame can change samples of no more than `reach` frames to either side, and does change some of those nearly as far:
    /// a reach too short gives audible seams, one too long only costs time.
    @Test("A changed frame changes nothing beyond the decoder's reach, and something within two frames of it")
    func receptiveField() throws {
        let decoder = try ModelFixture.turbo.load().decoder
        let (frames, changed) = (4 * decoder.reach + 9, 2 * decoder.reach + 4)
        let latents = try Self.noise(frames: frames)
        let before = try decoder(latents).floats()
        let after = try decoder(perturbed(latents, frame: changed)).floats()
        let samples = before.count / 2
        var differs = [Bool](repeating: false, count: frames)
        for position in before.indices where before[position] != after[position] {
            differs[position % samples * frames / samples] = true
        }
        let first = try #require(differs.firstIndex(of: true))
        let last = try #require(differs.lastIndex(of: true))
        #expect(changed - first <= decoder.reach, "reaches \(changed - first) frames back, not \(decoder.reach)")
        #expect(last - changed <= decoder.reach, "reaches \(last - changed) frames on, not \(decoder.reach)")
        #expect(max(changed - first, last - changed) >= decoder.reach - 2, "\(first)…\(last) around \(changed)")
    }

    private func perturbed(_ latents: Tensor, frame: Int) throws -> Tensor {
        var values = try latents.floats()
        let frames = latents.dimension(2)
        for channel in 0..<latents.dimension(1) { values[channel * frames + frame] += 1 }
        return try Tensor(values, shape: latents.shape)
    }

    @Test("What the progress throws ends the decoding")
    func stopping() throws {
        struct Stop: Error {}
        let decoder = try ModelFixture.turbo.load().decoder
        var pieces = 0
        #expect(throws: Stop.self) {
            try Tiling(frames: 4, context: decoder.reach).decode(Self.noise(frames: 40), with: decoder) { _ in
                pieces += 1
                if pieces == 2 { throw Stop() }
            }
        }
        #expect(pieces == 2)
    }
}
