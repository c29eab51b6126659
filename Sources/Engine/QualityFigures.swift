// SPDX-License-Identifier: Apache-2.0

public import ACEStep
import Torch

/// How far a run in another arithmetic is from the same run in float32, from the same noise.
public struct QualityFigures: Sendable, Encodable {
    /// The arithmetic, as `--dtype` names it.
    public let dtype: String
    /// The root mean square difference of the final latents, as a share of theirs.
    public let latentError: Double
    /// The same for what the adapters change: latents with them less latents without; nil where there are none.
    public let effectError: Double?
    /// Root mean square difference of the audio's log spectra, in decibels: what an ear may notice.
    public let logSpectralDistance: Double

    private enum CodingKeys: String, CodingKey {
        case dtype
        case latentError = "latent_relative_error"
        case effectError = "adapter_effect_relative_error"
        case logSpectralDistance = "log_spectral_distance_db"
    }

    /// What a run leaves behind.
    private struct Rendering: Sendable {
        var noise: [Float] = []
        var latents: [Float] = []
        var channels: [[Float]] = []
    }

    /// The runs of one arithmetic.
    private struct Renderings: Sendable {
        let plain: Rendering
        let adapted: Rendering?

        /// What the adapters change.
        var effect: [Float]? { adapted.map { zip($0.latents, plain.latents).map { $0 - $1 } } }
    }

    /// Compares runs with float32, one model in memory at a time.
    ///
    /// - Parameters:
    ///   - dtypes: what to compare.
    ///   - configuration: the base; its own type is not used.
    ///   - request: what to make; the same for all.
    ///   - adapters: a blend whose effect is compared as well.
    /// - Returns: the figures of each type, in order.
    /// - Throws: what loading and generating throw, and an error for music shorter than a window of the spectrum.
    public static func measure(
        _ dtypes: [String],
        of configuration: MusicEngine.Configuration,
        request: MusicRequest,
        adapters: [AdapterReference] = []
    ) async throws -> [QualityFigures] {
        let reference = try await render(request, adapters, in: "float32", of: configuration)
        var figures: [QualityFigures] = []
        for dtype in dtypes {
            let noise = reference.plain.noise
            let found = try await render(request, adapters, in: dtype, of: configuration, from: noise)
            let distances = try zip(reference.plain.channels, found.plain.channels).map(LogSpectrum.distance)
            figures.append(
                QualityFigures(
                    dtype: dtype,
                    latentError: relativeError(found.plain.latents, reference.plain.latents),
                    effectError: found.effect.flatMap { effect in
                        reference.effect.map { relativeError(effect, $0) }
                    },
                    logSpectralDistance: distances.reduce(0, +) / Double(max(distances.count, 1))
                )
            )
        }
        return figures
    }

    private static func render(
        _ request: MusicRequest,
        _ adapters: [AdapterReference],
        in dtype: String,
        of configuration: MusicEngine.Configuration,
        from noise: [Float]? = nil
    ) async throws -> Renderings {
        var configuration = configuration
        configuration.dtype = dtype
        let engine = try await MusicEngine.load(configuration)
        let plain = try await engine.withModel { try render(request, from: noise, with: $0) }
        guard !adapters.isEmpty else { return Renderings(plain: plain, adapted: nil) }
        var blend: [(name: String, weight: Double)] = []
        for adapter in adapters { blend.append((try await engine.loadAdapter(adapter.reference).name, adapter.weight)) }
        try await engine.select(blend)
        let adapted = try await engine.withModel { try render(request, from: plain.noise, with: $0) }
        return Renderings(plain: plain, adapted: adapted)
    }

    private static func render(
        _ request: MusicRequest,
        from noise: [Float]?,
        with model: MusicModel
    ) throws -> Rendering {
        var run = try GenerationRun(request, variant: model.configuration.variant)
        run.noise = noise
        var rendering = Rendering()
        let result = try model.generate(
            run,
            observe: { name, tensor in
                if name == "noise" { rendering.noise = try tensor.floats() }
                if name == "latents" { rendering.latents = try tensor.floats() }
            }
        )
        rendering.channels = result.pieces[0].channels
        return rendering
    }

    private static func relativeError(_ values: [Float], _ reference: [Float]) -> Double {
        func power(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) * Double($1) } }
        return (power(zip(values, reference).map { $0 - $1 }) / power(reference)).squareRoot()
    }
}
