// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// The sizes of a checkpoint's diffusion transformer and condition encoder, read from its `config.json`.
///
/// Every field may be absent and then has the value of the released 2B models; `encoder_*` fields fall back to the
/// transformer's own (the XL models have them).
public struct ModelConfiguration: Sendable, Equatable {
    /// Which distillation stage a checkpoint is of; it decides defaults and whether guidance applies.
    public enum Variant: String, Sendable, Codable, CaseIterable {
        /// Guidance-distilled, eight steps.
        case turbo
        /// Pretrained, guidance 7.
        case base
        /// Fine-tuned, guidance 7.
        case sft
    }

    /// The widths of a transformer stack.
    public struct Widths: Sendable, Equatable {
        /// Channels.
        public var hidden: Int
        /// Channels inside the feed-forward block.
        public var intermediate: Int
        /// Query heads.
        public var heads: Int
        /// Key and value heads.
        public var keyValueHeads: Int
    }

    /// The diffusion transformer's widths.
    public let transformer: Widths
    /// The condition encoder's widths.
    public let encoder: Widths
    /// Layers of the diffusion transformer.
    public let layers: Int
    /// For each layer, whether its self-attention sees only a band.
    public let slidingLayers: [Bool]
    /// Channels of one attention head, everywhere.
    public let headDimension: Int
    /// Channels into the patch embedding: context twice the latent channels, and the latents.
    public let inputChannels: Int
    /// Channels of the latents.
    public let latentChannels: Int
    /// Latent frames of one token.
    public let patchSize: Int
    /// Channels of the text encoder's states.
    public let textDimension: Int
    /// Channels of the reference latents.
    public let timbreDimension: Int
    /// Latent frames of the reference clip.
    public let timbreFrames: Int
    /// Layers of the lyric encoder.
    public let lyricLayers: Int
    /// Layers of the timbre encoder.
    public let timbreLayers: Int
    /// How far a sliding layer sees to either side, in its own positions.
    public let slidingWindow: Int
    /// The wavelength base of the rotary embedding.
    public let rotaryBase: Double
    /// Added to the mean square in every norm.
    public let epsilon: Double
    /// Which stage the checkpoint is of.
    public let variant: Variant
    /// The mean of the logit of the times that the model was trained at.
    public let timeMean: Double
    /// The deviation of the logit of the times that the model was trained at.
    public let timeDeviation: Double
    /// Whether the timbre encoder's special token stands before the reference clip in the original model (the XL models).
    public let hasTimbreToken: Bool
    /// What the checkpoint calls itself, if it does.
    public let version: String?

    /// Reads the configuration of a checkpoint.
    ///
    /// - Throws: ``ModelError/configuration(file:reason:)``.
    public init(files: ModelFiles) throws {
        let main = try RawConfiguration.read(files.transformer + "/config.json")
        let encoder =
            files.layout == .original ? nil : try RawConfiguration.read(files.conditionEncoder + "/config.json")
        try self.init(
            main,
            encoder: encoder,
            layout: files.layout,
            name: files.name,
            file: files.transformer + "/config.json"
        )
    }

    init(
        _ raw: RawConfiguration,
        encoder separate: RawConfiguration?,
        layout: ModelFiles.Layout,
        name: String,
        file: String
    ) throws {
        transformer = Widths(
            hidden: raw.hiddenSize ?? 2048,
            intermediate: raw.intermediateSize ?? 6144,
            heads: raw.numAttentionHeads ?? 16,
            keyValueHeads: raw.numKeyValueHeads ?? 8
        )
        if let separate {
            encoder = Widths(
                hidden: separate.hiddenSize ?? 2048,
                intermediate: separate.intermediateSize ?? 6144,
                heads: separate.numAttentionHeads ?? 16,
                keyValueHeads: separate.numKeyValueHeads ?? 8
            )
        } else {
            encoder = Widths(
                hidden: raw.encoderHiddenSize ?? transformer.hidden,
                intermediate: raw.encoderIntermediateSize ?? transformer.intermediate,
                heads: raw.encoderNumAttentionHeads ?? transformer.heads,
                keyValueHeads: raw.encoderNumKeyValueHeads ?? transformer.keyValueHeads
            )
        }
        let conditions = separate ?? raw
        layers = raw.numHiddenLayers ?? 24
        headDimension = raw.headDim ?? 128
        inputChannels = raw.inChannels ?? 192
        latentChannels = raw.audioAcousticHiddenDim ?? 64
        patchSize = raw.patchSize ?? 2
        textDimension = conditions.textHiddenDim ?? 1024
        timbreDimension = conditions.timbreHiddenDim ?? 64
        timbreFrames = raw.timbreFixFrame ?? 750
        lyricLayers = conditions.numLyricEncoderHiddenLayers ?? 8
        timbreLayers = conditions.numTimbreEncoderHiddenLayers ?? 4
        slidingWindow = raw.slidingWindow ?? 128
        rotaryBase = raw.ropeTheta ?? 1_000_000
        epsilon = raw.rmsNormEps ?? 1e-6
        version = raw.modelVersion
        timeMean = raw.timestepMu ?? -0.4
        timeDeviation = raw.timestepSigma ?? 1
        variant = Self.variant(turbo: raw.isTurbo, version: raw.modelVersion ?? name)
        hasTimbreToken =
            layout == .original ? raw.encoderHiddenSize != nil : transformer.hidden != encoder.hidden
        slidingLayers = try Self.slidingLayers(raw, layers: layers, file: file)
        try validate(file: file)
    }

    private static func variant(turbo: Bool?, version: String) -> Variant {
        if turbo == true || version.contains("turbo") { return .turbo }
        return version.contains("sft") ? .sft : .base
    }

    private static func slidingLayers(_ raw: RawConfiguration, layers: Int, file: String) throws -> [Bool] {
        guard (1...1024).contains(layers) else {
            throw ModelError.configuration(file: file, reason: "num_hidden_layers is \(layers), expected 1 to 1024")
        }
        guard raw.useSlidingWindow != false else { return Array(repeating: false, count: layers) }
        guard let types = raw.layerTypes else { return (0..<layers).map { $0 % 2 == 0 } }
        guard types.count >= layers else {
            throw ModelError.configuration(
                file: file,
                reason: "layer_types names \(types.count) layers, num_hidden_layers is \(layers)"
            )
        }
        return try types.prefix(layers).map { type in
            switch type {
            case "sliding_attention": return true
            case "full_attention": return false
            default:
                throw ModelError.configuration(file: file, reason: "layer_types has '\(type)', which is unknown")
            }
        }
    }

    private func validate(file: String) throws {
        func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ModelError.configuration(
                    file: file,
                    reason: "\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)"
                )
            }
        }
        for (prefix, widths) in [("", transformer), ("encoder_", encoder)] {
            try check(prefix + "hidden_size", widths.hidden, in: 1...65_536)
            try check(prefix + "intermediate_size", widths.intermediate, in: 1...262_144)
            try check(prefix + "num_attention_heads", widths.heads, in: 1...1024)
            try check(prefix + "num_key_value_heads", widths.keyValueHeads, in: 1...widths.heads)
            guard widths.heads % widths.keyValueHeads == 0 else {
                throw ModelError.configuration(
                    file: file,
                    reason: "\(prefix)num_attention_heads \(widths.heads) is no multiple of "
                        + "\(prefix)num_key_value_heads \(widths.keyValueHeads)"
                )
            }
        }
        try check("head_dim", headDimension, in: 2...4096)
        try check("head_dim modulo 2", headDimension % 2, in: 0...0)
        try check("patch_size", patchSize, in: 1...64)
        try check("audio_acoustic_hidden_dim", latentChannels, in: 1...4096)
        try check("in_channels", inputChannels, in: 3 * latentChannels...3 * latentChannels)
        try check("text_hidden_dim", textDimension, in: 1...65_536)
        try check("timbre_hidden_dim", timbreDimension, in: latentChannels...latentChannels)
        try check("timbre_fix_frame", timbreFrames, in: 1...15_000)
        try check("num_lyric_encoder_hidden_layers", lyricLayers, in: 0...1024)
        try check("num_timbre_encoder_hidden_layers", timbreLayers, in: 0...1024)
        try check("sliding_window", slidingWindow, in: 1...1_000_000)
        guard rotaryBase > 1, rotaryBase.isFinite, epsilon >= 0, epsilon < 1 else {
            throw ModelError.configuration(file: file, reason: "rope_theta or rms_norm_eps is out of range")
        }
    }
}

/// The fields of the configuration files as they are named there; unknown ones are of no concern to inference.
struct RawConfiguration: Decodable {
    var hiddenSize: Int?
    var intermediateSize: Int?
    var numHiddenLayers: Int?
    var numAttentionHeads: Int?
    var numKeyValueHeads: Int?
    var headDim: Int?
    var encoderHiddenSize: Int?
    var encoderIntermediateSize: Int?
    var encoderNumAttentionHeads: Int?
    var encoderNumKeyValueHeads: Int?
    var inChannels: Int?
    var audioAcousticHiddenDim: Int?
    var patchSize: Int?
    var textHiddenDim: Int?
    var timbreHiddenDim: Int?
    var timbreFixFrame: Int?
    var numLyricEncoderHiddenLayers: Int?
    var numTimbreEncoderHiddenLayers: Int?
    var useSlidingWindow: Bool?
    var slidingWindow: Int?
    var layerTypes: [String]?
    var ropeTheta: Double?
    var rmsNormEps: Double?
    var fsqDim: Int?
    var fsqInputLevels: [Int]?
    var fsqInputNumQuantizers: Int?
    var poolWindowSize: Int?
    var numAttentionPoolerHiddenLayers: Int?
    var isTurbo: Bool?
    var modelVersion: String?
    var timestepMu: Double?
    var timestepSigma: Double?

    static func read(_ file: String) throws -> RawConfiguration { try ConfigurationFile.decode(Self.self, from: file) }
}

/// Reads the small JSON files beside the weights.
enum ConfigurationFile {
    /// Larger than any configuration, small enough to read without thought.
    private static let largest = 4 << 20

    static func decode<T: Decodable>(_ type: T.Type, from file: String) throws -> T {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ModelError.configuration(file: file, reason: "cannot be read; is the checkpoint complete?")
        }
        guard data.count <= largest else {
            throw ModelError.configuration(file: file, reason: "is \(data.count) bytes, too large for a configuration")
        }
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(type, from: data)
        } catch let error as DecodingError {
            throw ModelError.configuration(file: file, reason: Self.reason(error, isJSON: Self.isJSON(data)))
        }
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }

    private static func isJSON(_ data: Data) -> Bool {
        (try? JSONDecoder().decode(Anything.self, from: data)) != nil  // what is wrong with it has been thrown already
    }

    private static func reason(_ error: DecodingError, isJSON: Bool) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context),
            .dataCorrupted(let context) where !context.codingPath.isEmpty:
            "field '\(context.codingPath.map(name).joined(separator: "."))' has the wrong type"
        case .keyNotFound(let key, _): "field '\(name(key))' is missing"
        // The decoder says neither in which field nor that the rest is well.
        default:
            isJSON ? "holds a number that is not whole, or too large, where a whole one is due" : "is not valid JSON"
        }
    }

    /// A field as the file spells it; the decoder knows it as `hiddenSize`.
    private static func name(_ key: any CodingKey) -> String {
        if let position = key.intValue { return "\(position)" }
        return key.stringValue.map { $0.isUppercase ? "_" + $0.lowercased() : String($0) }.joined()
    }
}
