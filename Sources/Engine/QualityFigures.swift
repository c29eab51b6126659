// SPDX-License-Identifier: Apache-2.0

public import ACEStep
import Torch

/// How far a run in another arithmetic is from the same run in float32, with the same noise.
public struct QualityFigures: Sendable, Encodable {
    /// The arithmetic, as `--dtype` names it.
    public let dtype: String
    /// Power of the float32 latents over that of the difference, in decibels.
    public let latentSignalToNoise: Double
    /// Root mean square difference of the audio's log spectra, in decibels: what an ear may notice.
    public let logSpectralDistance: Double

    private enum CodingKeys: String, CodingKey {
        case dtype
        case latentSignalToNoise = "latent_snr_db"
        case logSpectralDistance = "log_spectral_distance_db"
    }

    /// What a run leaves behind.
    private struct Rendering: Sendable {
        let noise: [Float]
        let latents: [Float]
        let channels: [[Float]]
    }

    /// Compares runs with float32, one model in memory at a time.
    ///
    /// - Parameters:
    ///   - dtypes: what to compare.
    ///   - configuration: the base; its own type is not used.
    ///   - request: what to make; the same for all.
    /// - Returns: the figures of each type, in order.
    /// - Throws: what loading and generating throw, and an error for music shorter than a window of the spectrum.
    public static func measure(
        _ dtypes: [String],
        of configuration: MusicEngine.Configuration,
        request: MusicRequest
    ) async throws -> [QualityFigures] {
        let reference = try await withModel("float32", of: configuration) { try render(request, with: $0) }
        var figures: [QualityFigures] = []
        for dtype in dtypes {
            figures.append(
                try await withModel(dtype, of: configuration) { model in
                    try QualityFigures(dtype, render(request, noise: reference.noise, with: model), against: reference)
                }
            )
        }
        return figures
    }

    private init(_ dtype: String, _ rendering: Rendering, against reference: Rendering) throws {
        self.dtype = dtype
        latentSignalToNoise = Self.signalToNoise(reference.latents, rendering.latents)
        let distances = try zip(reference.channels, rendering.channels).map(LogSpectrum.distance)
        logSpectralDistance = distances.reduce(0, +) / Double(max(distances.count, 1))
    }

    private static func withModel<R: Sendable>(
        _ dtype: String,
        of configuration: MusicEngine.Configuration,
        _ body: @Sendable (MusicModel) throws -> R
    ) async throws -> R {
        var configuration = configuration
        configuration.dtype = dtype
        return try await MusicEngine.load(configuration).withModel(body)
    }

    private static func render(
        _ request: MusicRequest,
        noise: [Float]? = nil,
        with model: MusicModel
    ) throws -> Rendering {
        let run = try GenerationRun(request, variant: model.configuration.variant)
        let (noise, latents, channels) = try model.render(run, noise: noise)
        return Rendering(noise: noise, latents: latents, channels: channels)
    }

    private static func signalToNoise(_ signal: [Float], _ other: [Float]) -> Double {
        let power = signal.reduce(0) { $0 + Double($1) * Double($1) }
        let noise = zip(signal, other).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
        return LogSpectrum.decibels(power / noise)
    }
}
