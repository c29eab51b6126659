// SPDX-License-Identifier: Apache-2.0

package import ACEStep
package import Torch

/// How far decoded audio is from the original, and how far latents are from a normal distribution.
///
/// Every term is relative to the original's own size, so that quiet music counts as much as loud music.
package struct AutoencoderLoss {
    /// What each term counts.
    package struct Weights: Sendable, Equatable, Codable {
        /// The energy of the waveform's error: it leads to the waveform long before the others, whose best answer while phases are
        /// unknown is silence.
        package var waveform = 2.0
        /// The error of the spectra's real and imaginary parts: it knows phases, frequency by frequency.
        package var phase = 1.0
        /// The error of the spectra's magnitudes.
        package var magnitude = 1.0
        /// The error of the magnitudes' logarithms: quiet partials count too.
        package var logMagnitude = 1.0
        /// The divergence from the standard normal distribution, a mean over all numbers of the latents.
        package var divergence = 0.1

        /// The defaults.
        package init() {}
    }

    /// The terms of a batch, before they are weighed.
    package struct Terms: Sendable, Equatable, Codable {
        /// The energy of the waveform's error.
        package var waveform = 0.0
        /// The error of the spectra's real and imaginary parts.
        package var phase = 0.0
        /// The error of the spectra's magnitudes.
        package var magnitude = 0.0
        /// The error of the magnitudes' logarithms.
        package var logMagnitude = 0.0
        /// The divergence from the standard normal distribution.
        package var divergence = 0.0

        /// Zeros.
        package init() {}
    }

    /// Samples of a transform, from slow and exact in pitch to quick.
    package static let sizes = [2048, 1024, 512, 256, 128]
    /// Added to what is divided by, so that silence has a loss too.
    private static let smallest = 1e-5
    /// Magnitudes' logarithms are taken above this share of their root mean square; what is below is not heard.
    private static let floor = 0.01

    private let weights: Weights
    private let windows: [Tensor]

    /// Makes the windows.
    ///
    /// - Parameters:
    ///   - weights: what each term counts.
    ///   - device: where to compute.
    /// - Throws: `TorchError` if there is no memory for them.
    package init(_ weights: Weights, device: Device = .cpu) throws {
        self.weights = weights
        windows = try Self.sizes.map { try Tensor.hannWindow($0, device: device) }
    }

    /// The loss of a batch.
    ///
    /// - Parameters:
    ///   - decoded: `[batch, channels, length]`, longer than the largest transform.
    ///   - original: the same shape.
    ///   - posterior: what the encoder made of the original.
    /// - Returns: the weighed sum, which can be gone back from, and the terms.
    /// - Throws: `TorchError` if shapes differ or an operation fails.
    package func callAsFunction(
        _ decoded: Tensor,
        original: Tensor,
        posterior: LatentPosterior
    ) throws -> (total: Tensor, terms: Terms) {
        let energy = try original.square().mean(dimensions: [1, 2]) + Self.smallest
        let waveform = try ((decoded - original).square().mean(dimensions: [1, 2]) / energy).mean()
        var (phase, magnitude, logMagnitude): (Tensor?, Tensor?, Tensor?)
        for window in windows {
            let spectra = try Spectra(decoded, original, window: window, floor: Self.floor)
            phase = try Self.sum(phase, Self.relative(spectra.found - spectra.wanted, to: spectra.wanted))
            let (found, wanted) = try (spectra.found.magnitudes, spectra.wanted.magnitudes)
            magnitude = try Self.sum(magnitude, Self.relative(found - wanted, to: wanted))
            let floor = try wanted.square().mean().sqrt() * Self.floor + Self.smallest
            logMagnitude = try Self.sum(logMagnitude, ((found + floor).log() - (wanted + floor).log()).abs().mean())
        }
        let divergence = try posterior.divergence
        let share = 1 / Double(windows.count)
        var total = try waveform * weights.waveform + divergence * weights.divergence
        var terms = Terms()
        for (sum, weight, term) in [
            (phase, weights.phase, \Terms.phase), (magnitude, weights.magnitude, \.magnitude),
            (logMagnitude, weights.logMagnitude, \.logMagnitude),
        ] {
            guard let sum else { continue }
            total = try total.adding(sum, alpha: weight * share)
            terms[keyPath: term] = try sum.item() * share
        }
        (terms.waveform, terms.divergence) = try (waveform.item(), divergence.item())
        return (total, terms)
    }

    private static func sum(_ sum: Tensor?, _ next: Tensor) throws -> Tensor { try sum.map { try $0 + next } ?? next }

    /// The mean magnitude of an error, of what it is an error of.
    private static func relative(_ error: Tensor, to original: Tensor) throws -> Tensor {
        try error.abs().mean() / (original.abs().mean() + smallest)
    }
}

/// The transforms of both sounds of one size, each channel by itself, real and imaginary parts last.
private struct Spectra {
    let found: Tensor
    let wanted: Tensor

    init(_ decoded: Tensor, _ original: Tensor, window: Tensor, floor: Double) throws {
        let (size, length) = (window.count, original.dimension(2))
        // Divided by the root of the size, noise is as loud in every resolution.
        func spectrum(_ sound: Tensor) throws -> Tensor {
            try sound.reshape([-1, length]).stft(size: size, hop: size / 4, window: window)
                * (1 / Double(size).squareRoot())
        }
        found = try spectrum(decoded)
        wanted = try spectrum(original)
    }
}

extension Tensor {
    /// Of real and imaginary parts; the small number keeps the root's slope finite.
    fileprivate var magnitudes: Tensor {
        get throws { try (square().sum(dimensions: [3]) + 1e-8).sqrt() }
    }
}

extension LatentPosterior {
    /// Kullback and Leibler's divergence from the standard normal distribution, a mean over all numbers.
    package var divergence: Tensor {
        get throws {
            let variance = try standardDeviation.square()
            return try (mean.square() + variance - variance.log() - 1).mean() * 0.5
        }
    }
}
