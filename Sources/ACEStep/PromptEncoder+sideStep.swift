// SPDX-License-Identifier: Apache-2.0

package import Torch

extension PromptEncoder {
    /// Conditions with filling, as Side-Step makes them.
    package struct FilledConditions {
        /// The sequence, real positions first, `[1, length, hidden]`.
        package let states: Tensor
        /// How many positions are real.
        package let realCount: Int
    }

    /// Side-Step fills up captions, and cuts them, to this many tokens.
    private static let captionLength = 256
    /// As above, of lyrics.
    private static let lyricsLength = 512

    /// Conditions as Side-Step's preprocessing makes them.
    ///
    /// Both texts are filled up to a fixed length; the text encoder sees the filling, the lyric encoder does not; the reference
    /// clip is one frame of zeros. What filling became follows the real positions, and its model attends to it.
    ///
    /// - Parameters:
    ///   - caption: the whole prompt, with its template.
    ///   - lyrics: the lyrics alone.
    /// - Returns: 769 positions.
    /// - Throws: ``ModelError`` if the tokenizer's filling is unknown, `TorchError` if an operation fails.
    package func sideStepConditions(caption: String, lyrics: String) throws -> FilledConditions {
        let padding = try TokenPadding(tokenizer, path: files.tokenizer)
        let captionTokens = padding.filled(try ids(of: caption, limit: Self.captionLength), to: Self.captionLength)
        let lyricTokens = padding.filled(try ids(of: lyrics, limit: Self.lyricsLength), to: Self.lyricsLength)
        let text = try textEncoder(Tensor(captionTokens.ids, shape: [1, Self.captionLength]).to(device))
        let embedded = try textEncoder.embed(Tensor(lyricTokens.ids, shape: [1, Self.lyricsLength]).to(device))
        let clip = try Tensor.zeros([1, 1, configuration.timbreDimension], dtype: embedded.dtype, device: device)
        return FilledConditions(
            states: try conditionEncoder(
                text: text,
                realText: captionTokens.real,
                lyricEmbeddings: embedded,
                realLyrics: lyricTokens.real,
                reference: clip
            ),
            realCount: lyricTokens.real.count + 1 + captionTokens.real.count
        )
    }
}
