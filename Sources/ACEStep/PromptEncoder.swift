// SPDX-License-Identifier: Apache-2.0

import Layers
import Tokenizer
package import Torch

/// Turns a prompt into the sequence that the diffusion transformer attends to: tokenizer, text encoder, condition encoder.
///
/// The same for making music and for learning from it.
package struct PromptEncoder {
    /// Reads the caption, embeds the lyrics.
    package let textEncoder: TextEncoder
    /// Packs a prompt's conditions.
    package let conditionEncoder: ConditionEncoder
    let configuration: ModelConfiguration
    let tokenizer: BytePairTokenizer
    let files: ModelFiles
    private let silence: Tensor
    let device: Device

    /// Takes the parts of a checkpoint that it needs.
    ///
    /// - Parameters:
    ///   - files: the checkpoint.
    ///   - configuration: its sizes.
    ///   - text: the text encoder's weights.
    ///   - conditions: the condition encoder's weights.
    ///   - tokenizer: its tokenizer; nil reads it.
    ///   - compatibility: whose conventions are followed.
    /// - Throws: ``ModelError``, `LayerError`, `CheckpointError`, `TokenizerError` or `TorchError`, each naming the file.
    init(
        files: ModelFiles,
        configuration: ModelConfiguration,
        text: WeightSource,
        conditions: WeightSource,
        tokenizer: BytePairTokenizer? = nil,
        compatibility: Compatibility = .standard
    ) throws {
        self.files = files
        self.configuration = configuration
        device = conditions.device
        textEncoder = try TextEncoder(Weights(text), directory: files.textEncoder)
        guard textEncoder.dimension == configuration.textDimension else {
            throw ModelError.configuration(
                file: files.textEncoder + "/config.json",
                reason: "hidden_size is \(textEncoder.dimension), the condition encoder reads "
                    + "\(configuration.textDimension)"
            )
        }
        conditionEncoder = try ConditionEncoder(
            Weights(conditions),
            configuration: configuration,
            prependsTimbreToken: configuration.hasTimbreToken && compatibility != .diffusers
        )
        silence = try SilenceLatent.read(
            files: files,
            source: conditions,
            channels: configuration.latentChannels
        )
        self.tokenizer = try tokenizer ?? BytePairTokenizer(path: files.tokenizer)
    }

    /// Loads these parts alone; of the others nothing but headers is read.
    ///
    /// - Parameters:
    ///   - files: the checkpoint.
    ///   - dtype: the type to compute in.
    ///   - device: the device to compute on.
    ///   - compatibility: whose conventions are followed.
    /// - Throws: as the other initialiser.
    package init(
        files: ModelFiles,
        dtype: DType,
        device: Device = .cpu,
        compatibility: Compatibility = .standard
    ) throws {
        let weights = try ModelWeights(files: files, dtype: dtype, device: device, index: LinearIndex())
        try self.init(
            files: files,
            configuration: ModelConfiguration(files: files),
            text: weights.textEncoder,
            conditions: weights.conditionEncoder,
            compatibility: compatibility
        )
    }

    /// Tokenizes a prompt, keeping the head of what is too long.
    ///
    /// - Throws: ``ModelError/configuration(file:reason:)`` if the tokenizer knows tokens that the text encoder does not.
    package func tokens(of prompt: Prompt) throws -> MusicModel.Tokens {
        let caption = try encoding(of: prompt.caption, limit: Prompt.longestCaption)
        let lyrics = try encoding(of: prompt.lyrics, limit: Prompt.longestLyrics)
        return MusicModel.Tokens(
            caption: caption.ids.map(Int64.init),
            lyrics: lyrics.ids.map(Int64.init),
            cutFromCaption: caption.cutTokenCount,
            cutFromLyrics: lyrics.cutTokenCount
        )
    }

    private func encoding(of text: String, limit: Int) throws -> Encoding {
        let encoding = tokenizer.encode(text, maximumLength: limit)
        if let stray = encoding.ids.first(where: { $0 >= textEncoder.vocabularySize }) {
            throw ModelError.configuration(
                file: files.tokenizer,
                reason: "makes token \(stray), the text encoder knows \(textEncoder.vocabularySize)"
            )
        }
        return encoding
    }

    /// The tokens of a text, its head if there are more than `limit`.
    func ids(of text: String, limit: Int) throws -> [Int] { try encoding(of: text, limit: limit).ids }

    /// The condition sequence of a prompt, `[1, length, hidden]`.
    package func conditions(of tokens: MusicModel.Tokens) throws -> Tensor {
        let caption = try Tensor(tokens.caption, shape: [1, tokens.caption.count]).to(device)
        let lyrics = try Tensor(tokens.lyrics, shape: [1, tokens.lyrics.count]).to(device)
        let clip = try silence(frames: min(configuration.timbreFrames, silence.dimension(1)))
        let states = try textEncoder(caption)
        return try conditionEncoder(text: states, lyricEmbeddings: textEncoder.embed(lyrics), reference: clip)
    }

    /// Channels of the latents.
    package var latentChannels: Int { configuration.latentChannels }

    /// How many frames of encoded silence the checkpoint has.
    var silenceFrames: Int { silence.dimension(1) }

    /// The first `frames` frames of encoded silence, repeated if there are fewer, `[1, frames, latentChannels]`.
    package func silence(frames: Int) throws -> Tensor {
        let available = silence.dimension(1)
        guard frames > available else { return try silence.slice(1, from: 0, to: frames) }
        let copies = Array(repeating: silence, count: (frames + available - 1) / available)
        return try Tensor.cat(copies, dimension: 1).slice(1, from: 0, to: frames)
    }

    /// What the transformer is told of a text-to-music song: silence to replace, and a mask of ones everywhere.
    ///
    /// - Parameter frames: latent frames of the song.
    /// - Returns: `[1, frames, 2 · latentChannels]`.
    /// - Throws: `TorchError` if an operation fails.
    package func context(frames: Int) throws -> Tensor {
        let silence = try silence(frames: frames)
        return try Tensor.cat(
            [silence, Tensor.ones(silence.shape, dtype: silence.dtype, device: silence.device)],
            dimension: 2
        )
    }
}
