// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// Turns text states, lyric embeddings and a reference clip into the sequence that the diffusion transformer attends to.
package struct ConditionEncoder {
    /// The name of the embedding that stands for "no condition".
    static let nullName = "null_condition_emb"

    /// Brings the text encoder's states to the conditions' width.
    let textProjection: Linear
    /// Reads the lyrics' embeddings.
    package let lyrics: LyricEncoder
    /// Reads the reference clip.
    package let timbre: TimbreEncoder
    private let null: Tensor?

    init(_ weights: Weights, configuration: ModelConfiguration, prependsTimbreToken: Bool) throws {
        textProjection = try weights.linear(
            "text_projector",
            inputs: configuration.textDimension,
            outputs: configuration.encoder.hidden
        )
        lyrics = try LyricEncoder(weights["lyric_encoder"], configuration: configuration)
        timbre = try TimbreEncoder(
            weights["timbre_encoder"],
            configuration: configuration,
            prependsToken: prependsTimbreToken
        )
        null =
            weights.contains(Self.nullName)
            ? try weights.tensor(Self.nullName, shape: [1, 1, configuration.encoder.hidden]) : nil
    }

    /// Packs one prompt's conditions: lyrics, timbre, caption, in this order.
    ///
    /// - Parameters:
    ///   - text: the caption's states, `[1, captionLength, textDimension]`.
    ///   - lyricEmbeddings: `[1, lyricLength, textDimension]`.
    ///   - reference: latents of the reference clip, `[1, frames, latentChannels]`.
    /// - Returns: `[1, lyricLength + 1 + captionLength, hidden]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func callAsFunction(text: Tensor, lyricEmbeddings: Tensor, reference: Tensor) throws -> Tensor {
        try Tensor.cat(
            [lyrics(lyricEmbeddings), timbre(reference), textProjection(text)],
            dimension: 1
        )
    }

    /// Packs one prompt's conditions with what fills up its texts: real lyrics, timbre, real caption, and then the filling.
    ///
    /// - Parameters:
    ///   - text: the caption's states, `[1, captionLength, textDimension]`.
    ///   - realText: the positions of the caption that are no filling.
    ///   - lyricEmbeddings: `[1, lyricLength, textDimension]`.
    ///   - realLyrics: the positions of the lyrics that are no filling.
    ///   - reference: latents of the reference clip, `[1, frames, latentChannels]`.
    /// - Returns: `[1, lyricLength + 1 + captionLength, hidden]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    func callAsFunction(
        text: Tensor,
        realText: Range<Int>,
        lyricEmbeddings: Tensor,
        realLyrics: Range<Int>,
        reference: Tensor
    ) throws -> Tensor {
        let padding = try KeyPadding(
            real: [realLyrics],
            total: lyricEmbeddings.dimension(1),
            dtype: lyricEmbeddings.dtype,
            device: lyricEmbeddings.device
        )
        let lyricStates = try lyrics(lyricEmbeddings, padding: padding)
        let textStates = try textProjection(text)
        func part(_ states: Tensor, _ range: Range<Int>) throws -> Tensor {
            try states.slice(1, from: range.lowerBound, to: range.upperBound)
        }
        func filling(_ states: Tensor, beside real: Range<Int>) throws -> [Tensor] {
            [try part(states, 0..<real.lowerBound), try part(states, real.upperBound..<states.dimension(1))]
        }
        return try Tensor.cat(
            [part(lyricStates, realLyrics), timbre(reference), part(textStates, realText)]
                + filling(lyricStates, beside: realLyrics) + filling(textStates, beside: realText),
            dimension: 1
        )
    }

    /// The condition that stands for none, `[batch, 1, hidden]`.
    ///
    /// The model was trained with this one learned vector at every position of the sequence; attention over equal keys
    /// gives their common value, so that one position says the same at less cost.
    /// - Throws: ``ModelError/missingPart(name:lookedIn:)`` where the checkpoint was not trained for guidance.
    func unconditional(batch: Int, file: String) throws -> Tensor {
        guard let null else {
            throw ModelError.missingPart(
                name: "\(Self.nullName), which guidance above 1 needs (use guidance 1)",
                lookedIn: [file]
            )
        }
        return try null.expand([batch, 1, null.dimension(2)])
    }
}
