// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Testing
import Torch
import Training

@Suite("First values of autoencoders")
struct LinearBeginningTests {
    /// Music, and how an autoencoder of these sizes keeps it before it has learnt anything.
    private func quality(
        latents: Int,
        audio: Int = 2,
        encoder: Int = 12,
        decoder: Int = 12,
        begins: Bool
    ) throws
        -> AutoencoderQuality
    {
        let session = try AutoencoderSession(
            AutoencoderConfiguration(
                downsamplingRatios: [6, 2],
                channelMultiples: [1, 2],
                encoderChannels: encoder,
                decoderChannels: decoder,
                latentChannels: latents,
                audioChannels: audio
            ),
            settings: AutoencoderFixture.settings { $0.averageDecay = 0 }
        )
        let music = try Tensor.randn([3, audio, 1200], generator: Generator(seed: 8)) * 0.1
        if begins { try LinearBeginning(session).apply(music) }
        return try AutoencoderQuality(
            of: session,
            on: (0..<3).map { try music.slice(0, from: $0, to: $0 + 1) },
            loss: AutoencoderLoss(AutoencoderFixture.settings().loss)
        )
    }

    @Test("An autoencoder as wide as its music begins with nearly all of it, noise even; a drawn one with nothing")
    func complete() throws {
        let begun = try quality(latents: 24, begins: true)
        #expect(begun.signalToNoise > 12)
        #expect(begun.channelDeviations.lowerBound > 0.7 && begun.channelDeviations.upperBound < 1.4)
        #expect(begun.posteriorDeviation < 0.15)
        #expect(try quality(latents: 24, begins: false).signalToNoise < 1)
    }

    @Test("With half as many latents it keeps half of noise; widths may differ, and there may be one channel or three")
    func shapes() throws {
        let half = try quality(latents: 12, begins: true).signalToNoise
        #expect(half > 2 && half < 6)
        #expect(try quality(latents: 24, decoder: 10, begins: true).signalToNoise > 3)
        #expect(try quality(latents: 12, audio: 1, encoder: 6, decoder: 8, begins: true).signalToNoise > 9)
        #expect(try quality(latents: 36, audio: 3, encoder: 18, decoder: 18, begins: true).signalToNoise > 9)
    }

    @Test("Silence gives no first values")
    func silence() throws {
        let session = try AutoencoderSession(
            AutoencoderFixture.configuration("autoencoder"),
            settings: AutoencoderFixture.settings()
        )
        #expect(throws: TrainingError.self) { try LinearBeginning(session).apply(Tensor.zeros([1, 2, 1200])) }
    }
}
