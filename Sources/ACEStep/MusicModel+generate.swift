// SPDX-License-Identifier: Apache-2.0

public import Layers
public import Torch

extension MusicModel {
    /// Told every tensor on the way under the names of the reference, such as `encoder_hidden_states` and `latents.0`.
    public typealias Observer = (_ name: String, _ tensor: Tensor) throws -> Void

    /// What ``generate(_:observe:report:)`` returns.
    public struct Result: Sendable {
        /// The pieces, one for each item of the run.
        public let pieces: [GeneratedPiece]
        /// Seconds spent in each part.
        public let timings: GenerationTimings

        /// What the user should know about any of the pieces, each sentence once.
        public var warnings: [String] {
            pieces.flatMap(\.warnings).reduce(into: []) { all, warning in
                if !all.contains(warning) { all.append(warning) }
            }
        }
    }

    /// Makes music.
    ///
    /// - Parameters:
    ///   - run: the pieces to make.
    ///   - voicing: which blend of the attached adapters acts on which tokens, where some act on a part of a song.
    ///   - beforeStep: told the point of the denoising before each step after the first, 0 … 1; says whether weights have
    ///     changed, so that what the steps share is computed anew.
    ///   - observe: told every tensor on the way.
    ///   - report: told the progress; what it throws ends the run within a step.
    /// - Returns: the pieces, in the order of the run's items.
    /// - Throws: ``ModelError/notFinite(what:advice:)`` if weights or adapters make NaN; whatever `report` throws.
    public func generate(
        _ run: GenerationRun,
        voicing: Voicing? = nil,
        beforeStep: ((Double) throws -> Bool)? = nil,
        observe: Observer? = nil,
        report: (GenerationEvent) throws -> Void = { _ in }
    ) throws -> Result {
        let denoised = try latents(run, voicing: voicing, beforeStep: beforeStep, observe: observe, report: report)
        var timings = denoised.timings
        let decoding = ContinuousClock.now
        let audio = try decode(denoised.latents, run: run, report: report)
        if audio.allSatisfy({ $0.shape == audio[0].shape }) {
            try observe?("audio", Tensor.cat(audio, dimension: 0))
        }
        let pieces = try run.items.indices.map { item in
            GeneratedPiece(
                channels: try (0..<audio[item].dimension(1)).map {
                    try audio[item].select(0, 0).select(0, $0).floats()
                },
                sampleRate: autoencoderConfiguration.sampleRate,
                seed: run.items[item].seed,
                warnings: run.items[item].warnings + Self.warnings(about: denoised.tokens[item])
            )
        }
        timings.decoding = decoding.secondsUntilNow
        return Result(pieces: pieces, timings: timings)
    }

    /// What ``generate(_:voicing:beforeStep:observe:report:)`` does before it decodes.
    ///
    /// - Parameters:
    ///   - run: the pieces to make.
    ///   - voicing: which blend of the attached adapters acts on which tokens.
    ///   - beforeStep: told the point of the denoising; says whether weights have changed.
    ///   - observe: told every tensor on the way.
    ///   - report: told the progress; what it throws ends the run within a step.
    /// - Returns: for each item its latents, `[1, frames, latentChannels]`, and its tokens; the seconds so far.
    /// - Throws: as for generating.
    package func latents(
        _ run: GenerationRun,
        voicing: Voicing? = nil,
        beforeStep: ((Double) throws -> Bool)? = nil,
        observe: Observer? = nil,
        report: (GenerationEvent) throws -> Void = { _ in }
    ) throws -> (latents: [Tensor], tokens: [Tokens], timings: GenerationTimings) {
        var timings = GenerationTimings()
        let start = ContinuousClock.now
        let batch = try encode(run)
        try requireFinite(batch.conditions, what: "the encoded prompt is")
        try observe?("caption_ids", Self.row(batch.tokens[0].caption))
        try observe?("lyric_ids", Self.row(batch.tokens[0].lyrics))
        try observe?("encoder_hidden_states", batch.conditions)
        timings.encoding = start.secondsUntilNow
        try report(.encoded)
        let latents = try denoise(
            batch,
            run: run,
            voicing: voicing,
            timings: &timings,
            beforeStep: beforeStep,
            observe: observe,
            report: report
        )
        return (latents, batch.tokens, timings)
    }

    private static func row(_ ids: [Int64]) throws -> Tensor { try Tensor(ids, shape: [ids.count]) }

    private func decode(
        _ latents: [Tensor],
        run: GenerationRun,
        report: (GenerationEvent) throws -> Void
    ) throws -> [Tensor] {
        let tiles = Tiling(frames: 128, context: decoder.reach)
        return try latents.enumerated().map { item, latents in
            let audio = try tiles.decode(latents.transpose(1, 2), with: decoder) { share in
                try report(.decoded((Double(item) + share) / Double(run.items.count)))
            }
            try requireFinite(audio, what: "the decoded audio is")
            return try Loudness.normalised(audio)
        }
    }

    /// NaN in a weight shows in everything computed from it; only then is it worth reading every weight to name it.
    func requireFinite(_ tensor: Tensor, what: String) throws {
        guard try !tensor.isFinite else { return }
        let broken = try firstBrokenWeight()
        throw ModelError.notFinite(
            what: what,
            advice: broken.map { "\($0) holds NaN or infinity: the checkpoint is damaged" }
                ?? "the weights are finite, so an adapter or its strength is the cause, or the type's range"
        )
    }

    private static func warnings(about tokens: Tokens) -> [String] {
        var warnings: [String] = []
        if tokens.cutFromCaption > 0 {
            warnings.append(
                "the tags are too long: \(tokens.cutFromCaption) tokens beyond \(Prompt.longestCaption) were cut"
            )
        }
        if tokens.cutFromLyrics > 0 {
            warnings.append(
                "the lyrics are too long: \(tokens.cutFromLyrics) tokens beyond \(Prompt.longestLyrics) were cut"
            )
        }
        return warnings
    }
}
