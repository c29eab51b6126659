// SPDX-License-Identifier: Apache-2.0

import Checkpoints
public import Layers
public import Tokenizer
public import Torch

/// A loaded ACE-Step 1.5 checkpoint: text and condition encoders, diffusion transformer and decoder.
///
/// Weights stay where they are mapped and are never written; adapters attach to ``projections`` and detach again.
/// Not Sendable: it belongs to the compute thread that loaded it.
public final class MusicModel {
    /// Where the parts lie.
    public let files: ModelFiles
    /// The sizes.
    public let configuration: ModelConfiguration
    /// The autoencoder's sizes.
    public let autoencoderConfiguration: AutoencoderConfiguration
    /// The type computed in.
    public let dtype: DType
    /// Whether the transformer's large products are computed in int8.
    public let isQuantized: Bool
    /// Where it is computed.
    public let device: Device
    /// Whose conventions are followed.
    public let compatibility: Compatibility
    /// The transformer's projections by path, for adapters to attach to.
    public let projections: LinearIndex

    let tokenizer: BytePairTokenizer
    let textEncoder: TextEncoder
    let conditionEncoder: ConditionEncoder
    let transformer: DiffusionTransformer
    let decoder: OobleckDecoder
    let silence: Tensor
    let weights: ModelWeights

    /// Loads a checkpoint: headers are read, weights are mapped. Weights stored in another type than `dtype` are converted.
    ///
    /// - Parameter isQuantized: whether the transformer's large products are computed in int8; its weights are quantised
    ///   now, which reads all of them.
    /// - Throws: ``ModelError``, `LayerError`, `CheckpointError`, `TokenizerError` or `TorchError`, each naming the file.
    public init(
        files: ModelFiles,
        tokenizer: BytePairTokenizer,
        dtype: DType,
        isQuantized: Bool = false,
        device: Device = .cpu,
        compatibility: Compatibility = .standard
    ) throws {
        self.files = files
        self.tokenizer = tokenizer
        self.dtype = dtype
        self.isQuantized = isQuantized
        self.device = device
        self.compatibility = compatibility
        configuration = try ModelConfiguration(files: files)
        autoencoderConfiguration = try AutoencoderConfiguration(directory: files.autoencoder)
        guard autoencoderConfiguration.latentChannels == configuration.latentChannels else {
            throw ModelError.configuration(
                file: files.autoencoder + "/config.json",
                reason: "decodes \(autoencoderConfiguration.latentChannels) channels, the transformer makes "
                    + "\(configuration.latentChannels)"
            )
        }
        projections = LinearIndex()
        weights = try ModelWeights(
            files: files,
            dtype: dtype,
            device: device,
            index: projections,
            isQuantized: isQuantized
        )
        textEncoder = try TextEncoder(Weights(weights.textEncoder), directory: files.textEncoder)
        guard textEncoder.dimension == configuration.textDimension else {
            throw ModelError.configuration(
                file: files.textEncoder + "/config.json",
                reason: "hidden_size is \(textEncoder.dimension), the condition encoder reads "
                    + "\(configuration.textDimension)"
            )
        }
        conditionEncoder = try ConditionEncoder(
            Weights(weights.conditionEncoder),
            configuration: configuration,
            prependsTimbreToken: configuration.hasTimbreToken && compatibility != .diffusers
        )
        transformer = try DiffusionTransformer(Weights(weights.transformer), configuration: configuration)
        decoder = try OobleckDecoder(
            Weights(weights.autoencoder, path: "decoder"),
            configuration: autoencoderConfiguration
        )
        silence = try SilenceLatent.read(
            files: files,
            source: weights.conditionEncoder,
            channels: configuration.latentChannels
        )
        try weights.checkAllUsed(layout: files.layout)
    }

    /// Reads a checkpoint's tokenizer; needs no tensor, so that it can be done beside the rest.
    public static func tokenizer(of files: ModelFiles) throws -> BytePairTokenizer {
        try BytePairTokenizer(path: files.tokenizer)
    }

    /// Maps the pages of the weights that every step reads; changes speed only, so that what goes wrong is ignored here and
    /// reported where the weights are used.
    public static func warmPages(of files: ModelFiles) {
        ModelWeights.warmPages(of: files)
    }

    /// The tokens of a prompt's two texts, as the model reads them.
    public struct Tokens: Sendable, Equatable {
        /// Caption tokens.
        public let caption: [Int64]
        /// Lyric tokens.
        public let lyrics: [Int64]
        /// Caption tokens that did not fit.
        public let cutFromCaption: Int
        /// Lyric tokens that did not fit.
        public let cutFromLyrics: Int
    }

    /// Tokenizes a prompt, keeping the head of what is too long.
    ///
    /// - Throws: ``ModelError/configuration(file:reason:)`` if the tokenizer knows tokens that the text encoder does not.
    public func tokens(of prompt: Prompt) throws -> Tokens {
        let caption = tokenizer.encode(prompt.caption, maximumLength: Prompt.longestCaption)
        let lyrics = tokenizer.encode(prompt.lyrics, maximumLength: Prompt.longestLyrics)
        if let stray = (caption.ids + lyrics.ids).first(where: { $0 >= textEncoder.vocabularySize }) {
            throw ModelError.configuration(
                file: files.tokenizer,
                reason: "makes token \(stray), the text encoder knows \(textEncoder.vocabularySize)"
            )
        }
        return Tokens(
            caption: caption.ids.map(Int64.init),
            lyrics: lyrics.ids.map(Int64.init),
            cutFromCaption: caption.cutTokenCount,
            cutFromLyrics: lyrics.cutTokenCount
        )
    }

    /// The condition sequence of a prompt, `[1, length, hidden]`.
    public func conditions(of tokens: Tokens) throws -> Tensor {
        let caption = try Tensor(tokens.caption, shape: [1, tokens.caption.count]).to(device)
        let lyrics = try Tensor(tokens.lyrics, shape: [1, tokens.lyrics.count]).to(device)
        let clip = try silence(frames: min(configuration.timbreFrames, silence.dimension(1)))
        let states = try textEncoder(caption)
        return try conditionEncoder(text: states, lyricEmbeddings: textEncoder.embed(lyrics), reference: clip)
    }

    /// The first `frames` frames of encoded silence, repeated if there are fewer, `[1, frames, latentChannels]`.
    func silence(frames: Int) throws -> Tensor {
        let available = silence.dimension(1)
        guard frames > available else { return try silence.slice(1, from: 0, to: frames) }
        let copies = Array(repeating: silence, count: (frames + available - 1) / available)
        return try Tensor.cat(copies, dimension: 1).slice(1, from: 0, to: frames)
    }

    /// The first weight tensor that holds NaN or infinity, for the message when a run went wrong; reads every byte.
    func firstBrokenWeight() throws -> String? {
        for source in [weights.textEncoder, weights.conditionEncoder, weights.transformer, weights.autoencoder] {
            if let name = try source.firstNotFinite() { return "\(source.file): tensor '\(name)'" }
        }
        return nil
    }
}
