// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import TrainingRuns

/// The adapter's family, size and places.
struct AdapterShapeOptions: ParsableArguments {
    @Option(
        name: [.customLong("adapter-type"), .customLong("adapter"), .customShort("a")],
        help: "lora, dora, lokr, loha or oft. (lora)"
    )
    var family: AdapterSettings.Family?

    @Option(name: [.customShort("r"), .long], help: "Rank; the dimension of LoKr and LoHa. (64)")
    var rank: Int?

    @Option(help: "Alpha, also of LoKr and LoHa. (128)")
    var alpha: Double?

    @Flag(inversion: .prefixedNo, help: "Scale by alpha/√rank instead of alpha/rank. (off)")
    var rslora: Bool?

    @Option(help: "Dropout of the low-rank branches' input. (0.1)")
    var dropout: Double?

    @Option(parsing: .upToNextOption, help: "Projections of attention. (q_proj k_proj v_proj o_proj)")
    var targetModules: [String] = []

    @Option(parsing: .upToNextOption, help: "Projections of self-attention, where they differ.")
    var selfTargetModules: [String] = []

    @Option(parsing: .upToNextOption, help: "Projections of cross-attention, where they differ.")
    var crossTargetModules: [String] = []

    @Option(help: "Which attention is adapted: self, cross or both. (both)")
    var attentionType: AdapterSettings.Attention?

    @Flag(inversion: .prefixedNo, help: "Adapt the feed-forward parts too. (on)")
    var targetMlp: Bool?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Ranks of single modules, by a pattern of their path.", valueName: "pattern=rank")
    )
    var rankPattern: [PatternArgument] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Alphas of single modules, by a pattern of their path.", valueName: "pattern=alpha")
    )
    var alphaPattern: [PatternArgument] = []

    @Option(help: ArgumentHelp("PEFT's bias: none, all or lora_only.", visibility: .hidden))
    var bias: AdapterSettings.Bias?

    func apply(to settings: inout TrainingSettings) {
        settings.adapter.family = family ?? settings.adapter.family
        if let rank {
            // A flag wins over a file's setting of the family.
            settings.adapter.rank = rank
            settings.adapter.lokr.dimension = nil
            settings.adapter.loha.dimension = nil
        }
        if let alpha {
            settings.adapter.alpha = alpha
            settings.adapter.lokr.alpha = nil
            settings.adapter.loha.alpha = nil
        }
        settings.adapter.isRankStabilised = rslora ?? settings.adapter.isRankStabilised
        settings.adapter.dropout = dropout ?? settings.adapter.dropout
        if !targetModules.isEmpty { settings.adapter.targets = targetModules }
        if !selfTargetModules.isEmpty { settings.adapter.selfTargets = selfTargetModules }
        if !crossTargetModules.isEmpty { settings.adapter.crossTargets = crossTargetModules }
        settings.adapter.attention = attentionType ?? settings.adapter.attention
        settings.adapter.includesMLP = targetMlp ?? settings.adapter.includesMLP
        if !rankPattern.isEmpty { settings.adapter.rankPattern = rankPattern.map(\.setting) }
        if !alphaPattern.isEmpty { settings.adapter.alphaPattern = alphaPattern.map(\.setting) }
        settings.adapter.bias = bias ?? settings.adapter.bias
    }
}

/// A pattern of paths and a number, as an option takes it.
struct PatternArgument: ExpressibleByArgument {
    let setting: PatternSetting

    init?(argument: String) {
        // The number is behind the last sign: patterns may hold others.
        guard let sign = argument.lastIndex(of: "="), sign > argument.startIndex,
            let value = Double(argument[argument.index(after: sign)...]), value > 0, value.isFinite
        else { return nil }
        setting = PatternSetting(pattern: String(argument[..<sign]), value: value)
    }
}

extension AdapterSettings.Family: ExpressibleByArgument {}
extension AdapterSettings.Attention: ExpressibleByArgument {}
extension AdapterSettings.Bias: ExpressibleByArgument {}
