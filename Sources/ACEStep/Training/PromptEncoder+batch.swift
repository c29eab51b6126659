// SPDX-License-Identifier: Apache-2.0

import Layers
package import Torch

extension PromptEncoder {
    /// The conditions of several prompts, computed together and with gradients where those are enabled.
    ///
    /// - Parameters:
    ///   - prompts: at least one.
    ///   - references: for each the latents of a reference clip, `[frames, latentChannels]`, all of one length; nil for silence.
    /// - Returns: for each what ``conditions(of:)`` gives, `[length, hidden]`.
    /// - Throws: `TorchError` if an operation fails.
    package func conditions(of prompts: [MusicModel.Tokens], references: [Tensor?]) throws -> [Tensor] {
        // Songs without words share their lyrics, and most prompts silence: each is computed once.
        let lyrics = Array(Set(prompts.map(\.lyrics))).sorted { $0.lexicographicallyPrecedes($1) }
        let lyricStates = try self.lyricStates(lyrics)
        let captionStates = try textStates(prompts.map(\.caption))
        let timbres = try timbreStates(references)
        return try prompts.enumerated().map { place, prompt in
            guard let words = lyrics.firstIndex(of: prompt.lyrics) else {
                preconditionFailure("taken from the prompts")
            }
            return try Tensor.cat(
                [
                    lyricStates.select(0, words).slice(0, from: 0, to: prompt.lyrics.count), timbres[place],
                    captionStates.select(0, place).slice(0, from: 0, to: prompt.caption.count),
                ],
                dimension: 0
            )
        }
    }

    /// `[texts, longest]`, shorter ones filled up with token 0, which nothing of theirs sees.
    private func filled(_ texts: [[Int64]]) throws -> Tensor {
        let longest = texts.reduce(0) { max($0, $1.count) }
        let ids = texts.flatMap { $0 + Array(repeating: 0, count: longest - $0.count) }
        return try Tensor(ids, shape: [texts.count, longest]).to(device)
    }

    /// The text encoder is causal: filling behind a text changes nothing in it.
    private func textStates(_ texts: [[Int64]]) throws -> Tensor {
        try conditionEncoder.textProjection(textEncoder(filled(texts)))
    }

    private func lyricStates(_ texts: [[Int64]]) throws -> Tensor {
        let embedded = try textEncoder.embed(filled(texts))
        let padding = try KeyPadding(
            lengths: texts.map(\.count),
            total: embedded.dimension(1),
            dtype: embedded.dtype,
            device: embedded.device
        )
        return try conditionEncoder.lyrics(embedded, padding: padding)
    }

    /// One vector for each prompt, `[1, hidden]`.
    private func timbreStates(_ references: [Tensor?]) throws -> [Tensor] {
        let clip = try silence(frames: min(configuration.timbreFrames, silenceFrames))
        let silent = try conditionEncoder.timbre(clip).select(0, 0)
        let clips = references.compactMap { $0 }
        guard !clips.isEmpty else { return references.map { _ in silent } }
        let heard = try conditionEncoder.timbre(Tensor.stack(clips))
        var next = 0
        return try references.map { reference in
            guard reference != nil else { return silent }
            defer { next += 1 }
            return try heard.select(0, next)
        }
    }
}
