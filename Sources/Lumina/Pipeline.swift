// SPDX-License-Identifier: Apache-2.0

@_exported public import ACEStep
@_exported public import Audio
@_exported public import Engine

/// A base model, the adapters on it, and music out of both.
///
/// ```swift
/// let pipeline = try await Pipeline(model: "checkpoints")
/// try await pipeline.loadAdapter("lora/jazz", name: "jazz")
/// try await pipeline.loadAdapter("lora/lofi", name: "lofi")
/// try await pipeline.setAdapterWeights(["jazz": 0.7, "lofi": 0.3])
/// let song = try await pipeline.generate(tags: "late night piano", duration: 30, seed: 42)
/// try pipeline.save(song, to: "song.wav")
/// ```
///
/// The base stays as it is in its files: after `setAdapterWeights([:])` or `unloadAdapter`, the same request gives the same
/// bits as before the adapter came.
public actor Pipeline {
    private let engine: MusicEngine
    private var weights: [AdapterReference] = []

    /// Loads a base.
    ///
    /// - Parameters:
    ///   - model: a checkpoint's directory; nil takes the embedded model.
    ///   - variant: which model, where the directory holds several.
    ///   - device: `auto`, `cpu`, `cuda` or `cuda:N`.
    ///   - dtype: `auto`, `float32`, `bfloat16` or `int8`.
    ///   - compatibility: whose conventions to follow.
    ///   - adapterMode: how adapters are computed; nil leaves it to what either way costs, which may differ in rounding from one
    ///     request to the next.
    /// - Throws: an error whose description names the file and the way out.
    public init(
        model: String? = nil,
        variant: String? = nil,
        device: String = "auto",
        dtype: String = "auto",
        compatibility: Compatibility = .standard,
        adapterMode: AdapterMode? = nil
    ) async throws {
        engine = try await MusicEngine.load(
            .init(
                model: model,
                variant: variant,
                device: device,
                dtype: dtype,
                compatibility: compatibility,
                adapterMode: adapterMode
            )
        )
    }

    /// What is loaded.
    public var base: BaseDescription {
        get async throws { try await engine.base }
    }

    /// The names of the resident adapters, sorted.
    public var adapters: [String] {
        get async throws { try await engine.adapterNames }
    }

    /// Makes an adapter resident and gives it weight 1; the weights of others stay.
    ///
    /// - Parameters:
    ///   - path: a directory or a `.safetensors` file.
    ///   - name: what to call it; the last component of its path unless given.
    /// - Returns: what was loaded.
    /// - Throws: an error that names the file, the tensor and the rule broken; nothing is resident then.
    @discardableResult
    public func loadAdapter(_ path: String, name: String? = nil) async throws -> AdapterSummary {
        let summary = try await engine.loadAdapter(path, name: name)
        weights.append(AdapterReference(summary.name))
        return summary
    }

    /// Drops a resident adapter.
    public func unloadAdapter(_ name: String) async throws {
        try await engine.unloadAdapter(name)
        weights.removeAll { $0.reference == name }
    }

    /// Sets the blend of the next requests; adapters that are not named take no part.
    ///
    /// - Parameter blend: any real weights of resident adapters; empty for the base alone.
    /// - Throws: if a name is not resident; the blend stays as it was then.
    public func setAdapterWeights(_ blend: [String: Double]) async throws {
        try await setAdapters(blend.sorted { $0.key < $1.key }.map { AdapterReference($0.key, weight: $0.value) })
    }

    /// Sets the blend of the next requests with all that a request may say: curves, spans of the song, scales of groups.
    ///
    /// - Parameter blend: references to resident adapters; one may come several times in spans that are apart.
    /// - Throws: if a name is not resident; the blend stays as it was then.
    public func setAdapters(_ blend: [AdapterReference]) async throws {
        let resident = try await engine.adapterNames
        if let stranger = blend.first(where: { !resident.contains($0.reference) }) {
            throw EngineError.unknownAdapter(stranger.reference, resident: resident)
        }
        weights = blend
    }

    /// Makes music with the current blend.
    ///
    /// - Parameters:
    ///   - request: what the music should be like.
    ///   - progress: told what happens, step by step.
    /// - Returns: the pieces and what they were made from.
    /// - Throws: `CancellationError` within a step once the task is cancelled, else an error that names its cause.
    public func generate(
        _ request: MusicRequest,
        progress: @escaping @Sendable (GenerationEvent) -> Void = { _ in }
    ) async throws -> EngineResult {
        try await engine.generate(request, adapters: weights, progress: progress)
    }

    /// Makes music from tags and lyrics with the current blend.
    ///
    /// - Parameters:
    ///   - tags: style, instruments, mood.
    ///   - lyrics: instrumental unless given.
    ///   - duration: seconds, 0.1 … 600.
    ///   - steps: denoising steps; the model's default if nil.
    ///   - guidance: guidance scale; the model's default if nil.
    ///   - seed: where the noise comes from; random if nil.
    /// - Returns: the piece and what it was made from.
    /// - Throws: `CancellationError` within a step once the task is cancelled, else an error that names its cause.
    public func generate(
        tags: String,
        lyrics: String = "[Instrumental]",
        duration: Double = 30,
        steps: Int? = nil,
        guidance: Double? = nil,
        seed: UInt64? = nil
    ) async throws -> EngineResult {
        try await generate(
            MusicRequest(
                tags: tags,
                lyrics: lyrics,
                duration: duration,
                steps: steps,
                guidance: guidance,
                seed: seed
            )
        )
    }

    /// Writes a result's first piece, whole or not at all.
    ///
    /// - Parameters:
    ///   - result: what `generate` returned.
    ///   - path: ends in `.wav`, `.flac`, `.mp3`, `.ogg` or `.opus`.
    /// - Throws: `AudioError` if the format is unknown or the file cannot be written.
    public nonisolated func save(_ result: EngineResult, to path: String) throws {
        guard let piece = result.pieces.first else { return }
        try AudioFile.write(piece.audio, to: path)
    }
}
