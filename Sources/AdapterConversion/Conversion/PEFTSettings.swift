// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import FoundationEssentials

/// The fields of `adapter_config.json` that readers need, for a LoRA, DoRA or OFT.
///
/// Diffusers takes the same object from a file's metadata, with `transformer.` in front of each key.
struct PEFTSettings: Encodable, Equatable {
    /// LORA or OFT.
    var type = "LORA"
    /// `r`.
    var rank = 0
    /// `lora_alpha`.
    var alpha: Double?
    /// Ranks of modules that differ from the general one, by a regular expression of the path.
    var rankPattern: [String: Int]?
    /// Alphas of modules that differ from the general one.
    var alphaPattern: [String: Double]?
    /// The modules, each by its whole path.
    var targetModules: [String] = []
    /// `use_dora`.
    var usesDoRA: Bool?
    /// `lora_bias`.
    var hasBias: Bool?
    /// `bias`.
    var bias: String?
    /// OFT's `oft_block_size`.
    var blockSize: Int?
    /// OFT's settings, as the source had them.
    var rotation: RotationSettings?
    /// `base_model_name_or_path`.
    var baseModel: String?

    private enum CodingKeys: String, CodingKey {
        case type = "peft_type"
        case rank = "r"
        case alpha = "lora_alpha"
        case rankPattern = "rank_pattern"
        case alphaPattern = "alpha_pattern"
        case targetModules = "target_modules"
        case usesDoRA = "use_dora"
        case usesRSLoRA = "use_rslora"
        case hasBias = "lora_bias"
        case bias
        case blockSize = "oft_block_size"
        case usesSeries = "use_cayley_neumann"
        case termCount = "num_cayley_neumann_terms"
        case sharesBlock = "block_share"
        case isConstrained = "coft"
        case epsilon = "eps"
        case baseModel = "base_model_name_or_path"
        case taskType = "task_type"
        case inferenceMode = "inference_mode"
        case fanInFanOut = "fan_in_fan_out"
        case initialises = "init_lora_weights"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type, forKey: .type)
        try container.encode(rank, forKey: .rank)
        try container.encode(targetModules, forKey: .targetModules)
        try container.encode("FEATURE_EXTRACTION", forKey: .taskType)
        try container.encode(true, forKey: .inferenceMode)
        try container.encode(false, forKey: .fanInFanOut)
        try container.encode(baseModel ?? "", forKey: .baseModel)
        try container.encode(bias ?? "none", forKey: .bias)
        if type == "LORA" { try encodeLowRank(&container) }
        if let rotation { try encode(rotation, &container) }
    }

    private func encodeLowRank(_ container: inout KeyedEncodingContainer<CodingKeys>) throws {
        // A whole number as Python writes it; acestep.cpp reads nothing else.
        if let alpha, let whole = Int(exactly: alpha) {
            try container.encode(whole, forKey: .alpha)
        } else {
            try container.encodeIfPresent(alpha, forKey: .alpha)
        }
        try container.encode(rankPattern ?? [:], forKey: .rankPattern)
        try container.encode(alphaPattern ?? [:], forKey: .alphaPattern)
        try container.encode(usesDoRA ?? false, forKey: .usesDoRA)
        try container.encode(false, forKey: .usesRSLoRA)
        try container.encode(hasBias ?? false, forKey: .hasBias)
        try container.encode(true, forKey: .initialises)
    }

    private func encode(_ rotation: RotationSettings, _ container: inout KeyedEncodingContainer<CodingKeys>) throws {
        try container.encodeIfPresent(blockSize, forKey: .blockSize)
        try container.encode(rotation.usesSeries, forKey: .usesSeries)
        try container.encode(rotation.termCount, forKey: .termCount)
        try container.encode(rotation.isShared, forKey: .sharesBlock)
        try container.encode(rotation.largestNorm != nil, forKey: .isConstrained)
        try container.encodeIfPresent(rotation.largestNorm, forKey: .epsilon)
    }
}

extension PEFTSettings {
    /// The settings under which converted layers mean what they meant.
    ///
    /// The commonest rank and alpha are the general ones, the others go into patterns with the dots escaped, since PEFT
    /// takes the keys for regular expressions.
    init(_ layers: [ConvertedLayer], target: ConversionTarget, source: EffectiveWeights) {
        baseModel = source.description.baseModel
        let spelled = layers.map { ($0, target == .diffusers ? $0.spelledForDiffusers : $0.path) }
        targetModules = spelled.map(\.1)
        if layers.contains(where: { $0.method == .family(.oft) }) {
            type = "OFT"
            rotation = source.rotation
            let vectors = layers.lazy.compactMap { $0.module.tensors[.rotation] }.first
            blockSize = vectors.flatMap { try? EffectiveWeights.blockSize(of: $0) }  // checked when it was measured
            return
        }
        let pairs = layers.compactMap(\.lowRank)
        rank = Self.commonest(pairs.map(\.rank)) ?? 1
        let general = Self.commonest(pairs.map(\.alpha)) ?? Double(rank)
        alpha = general
        usesDoRA = layers.contains { $0.method == .family(.dora) }
        hasBias = layers.contains { $0.module.tensors[.upBias] != nil }
        setPatterns(spelled.compactMap { layer, name in layer.lowRank.map { (name, $0.rank, $0.alpha) } })
    }

    /// Says of every module that differs from the general rank and alpha what its own are.
    mutating func setPatterns(_ modules: [(name: String, rank: Int, alpha: Double)]) {
        var (ranks, alphas): ([String: Int], [String: Double]) = ([:], [:])
        for (name, own, ownAlpha) in modules {
            let key = name.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "\\.")
            if own != rank { ranks[key] = own }
            if ownAlpha != alpha { alphas[key] = ownAlpha }
        }
        (rankPattern, alphaPattern) = (ranks, alphas)
    }

    /// The value that stands most often, the smallest of those.
    private static func commonest<Value: Hashable & Comparable>(_ values: [Value]) -> Value? {
        Dictionary(grouping: values, by: { $0 }).max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }?.key
    }

    /// The JSON, keys sorted.
    func json(prefix: String = "") throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        encoder.keyEncodingStrategy = .custom { path in PrefixedKey(prefix: path.count == 1 ? prefix : "", path.last) }
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    private struct PrefixedKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(prefix: String, _ key: (any CodingKey)?) { stringValue = prefix + (key?.stringValue ?? "") }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
