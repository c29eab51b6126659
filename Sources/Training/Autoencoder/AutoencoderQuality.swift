// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
package import Torch

/// How well an autoencoder keeps music that it was not trained on.
package struct AutoencoderQuality: Sendable, Equatable, Codable {
    /// The terms of the loss, decoded from the most probable latents.
    package let terms: AutoencoderLoss.Terms
    /// The waveform's energy to that of its error, in dB, the mean of the crops.
    package let signalToNoise: Double
    /// The same with latents drawn from the posterior: how much an error of the latents is heard.
    package let sampledSignalToNoise: Double
    /// The standard deviation of the most probable latents.
    package let latentDeviation: Double
    /// That of the channel that varies least, and of the one that varies most.
    package let channelDeviations: ClosedRange<Double>
    /// How sure the encoder is: the mean of the posterior's standard deviations.
    package let posteriorDeviation: Double

    /// Measures a session's weights as they would be saved.
    ///
    /// - Parameters:
    ///   - session: whose random stream is left alone.
    ///   - audio: crops, `[1, audioChannels, length]` each, whole frames.
    ///   - loss: measures the terms.
    /// - Throws: `TorchError` if an operation fails.
    package init(of session: AutoencoderSession, on audio: [Tensor], loss: AutoencoderLoss) throws {
        let generator = try Generator(seed: 0)
        var terms = AutoencoderLoss.Terms()
        var (plain, sampled, posterior) = (0.0, 0.0, 0.0)
        var latents: [Tensor] = []
        let share = 1 / Double(max(audio.count, 1))
        try withoutGradients {
            try session.withSavedWeights {
                for crop in audio {
                    let found = try session.encoder(crop)
                    let decoded = try session.decoder(found.mean)
                    try terms.add(loss(decoded, original: crop, posterior: found).terms, share: share)
                    plain += share * (try Self.decibels(crop, decoded))
                    sampled += share * (try Self.decibels(crop, session.decoder(found.sample(generator))))
                    posterior += share * (try found.standardDeviation.mean().item())
                    latents.append(try found.mean.select(0, 0))
                }
            }
        }
        let all = try Tensor.cat(latents, dimension: 1)
        let each = try all.std(dimensions: [1]).doubles()
        self.terms = terms
        signalToNoise = plain
        sampledSignalToNoise = sampled
        latentDeviation = try all.std().item()
        channelDeviations = (each.min() ?? 0)...(each.max() ?? 0)
        posteriorDeviation = posterior
    }

    private static func decibels(_ original: Tensor, _ decoded: Tensor) throws -> Double {
        let signal = try original.square().sum().item() + 1e-9
        return try 10 * log10(signal / ((original - decoded).square().sum().item() + 1e-9))
    }
}

extension AutoencoderLoss.Terms {
    fileprivate mutating func add(_ other: Self, share: Double) {
        waveform += share * other.waveform
        phase += share * other.phase
        magnitude += share * other.magnitude
        logMagnitude += share * other.logMagnitude
        divergence += share * other.divergence
    }
}
