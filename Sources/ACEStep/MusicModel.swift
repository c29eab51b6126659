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
    /// How the transformer's large products are computed in int8; nil if they are not.
    public let quantization: QuantizationMethod?
    /// Where it is computed.
    public let device: Device
    /// Whose conventions are followed.
    public let compatibility: Compatibility
    /// The transformer's projections by path, for adapters to attach to.
    public let projections: LinearIndex

    /// Turns prompts into conditions.
    package let prompts: PromptEncoder
    /// Predicts velocities.
    package let transformer: DiffusionTransformer
    /// Makes audio of latents.
    package let decoder: OobleckDecoder
    let weights: ModelWeights

    /// Loads a checkpoint: headers are read, weights are mapped.
    ///
    /// Weights stored in another type than `dtype` are converted.
    ///
    /// - Parameters:
    ///   - files: where the parts are.
    ///   - tokenizer: the checkpoint's, if it has been read already.
    ///   - dtype: the type to compute in.
    ///   - quantization: how to compute the transformer's large products in int8; its weights are quantised now, which reads
    ///     all of them.
    ///   - packed: weights of this checkpoint that were quantised before.
    ///   - device: where to compute.
    ///   - compatibility: whose conventions to follow.
    /// - Throws: ``ModelError``, `LayerError`, `CheckpointError`, `TokenizerError` or `TorchError`, each naming the file.
    public init(
        files: ModelFiles,
        tokenizer: BytePairTokenizer? = nil,
        dtype: DType,
        quantization: QuantizationMethod? = nil,
        packed: PackedWeights? = nil,
        device: Device = .cpu,
        compatibility: Compatibility = .standard
    ) throws {
        self.files = files
        self.dtype = dtype
        self.quantization = quantization
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
            quantization: quantization.map { .init($0, packed: packed, includes: DiffusionTransformer.isQuantizable) }
        )
        prompts = try PromptEncoder(
            files: files,
            configuration: configuration,
            text: weights.textEncoder,
            conditions: weights.conditionEncoder,
            tokenizer: tokenizer,
            compatibility: compatibility
        )
        transformer = try DiffusionTransformer(Weights(weights.transformer), configuration: configuration)
        decoder = try OobleckDecoder(
            Weights(weights.autoencoder, path: "decoder"),
            configuration: autoencoderConfiguration
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

    /// The paths of the files that hold the transformer's weights; reads their headers.
    ///
    /// - Throws: `CheckpointError` if one is missing or malformed.
    package static func transformerPaths(of files: ModelFiles) throws -> [String] {
        try ModelWeights.transformerStore(of: files).files.map(\.path)
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

        /// Names everything.
        package init(caption: [Int64], lyrics: [Int64], cutFromCaption: Int = 0, cutFromLyrics: Int = 0) {
            self.caption = caption
            self.lyrics = lyrics
            self.cutFromCaption = cutFromCaption
            self.cutFromLyrics = cutFromLyrics
        }
    }

    /// Tokenizes a prompt, keeping the head of what is too long.
    ///
    /// - Throws: ``ModelError/configuration(file:reason:)`` if the tokenizer knows tokens that the text encoder does not.
    public func tokens(of prompt: Prompt) throws -> Tokens {
        try prompts.tokens(of: prompt)
    }

    /// The condition sequence of a prompt, `[1, length, hidden]`.
    public func conditions(of tokens: Tokens) throws -> Tensor { try prompts.conditions(of: tokens) }

    /// The first `frames` frames of encoded silence, repeated if there are fewer, `[1, frames, latentChannels]`.
    package func silence(frames: Int) throws -> Tensor { try prompts.silence(frames: frames) }

    /// Reads the caption, embeds the lyrics.
    package var textEncoder: TextEncoder { prompts.textEncoder }

    /// Packs a prompt's conditions.
    package var conditionEncoder: ConditionEncoder { prompts.conditionEncoder }

    /// The first weight tensor that holds NaN or infinity, for the message when a run went wrong; reads every byte.
    func firstBrokenWeight() throws -> String? {
        for source in [weights.textEncoder, weights.conditionEncoder, weights.transformer, weights.autoencoder] {
            if let name = try source.firstNotFinite() { return "\(source.file): tensor '\(name)'" }
        }
        return nil
    }
}
