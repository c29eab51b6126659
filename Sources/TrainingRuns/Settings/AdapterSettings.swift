// SPDX-License-Identifier: Apache-2.0

/// The adapter's family, size and places.
package struct AdapterSettings: Sendable, Equatable {
    /// The family.
    package var family = Family.lora
    /// Rank of LoRA and DoRA; the dimension of LoKr and LoHa where they name none.
    package var rank = 64
    /// Alpha of LoRA and DoRA, and of LoKr and LoHa where they name none.
    package var alpha = 128.0
    /// Scale by α/√r instead of α/r.
    package var isRankStabilised = false
    /// Dropout of the low-rank branch's input.
    package var dropout = 0.1
    /// The last parts of the names of the projections in attention.
    package var targets = AdapterSettings.defaultTargets
    /// Targets inside self-attention, where they differ.
    package var selfTargets: [String]?
    /// Targets inside cross-attention, where they differ.
    package var crossTargets: [String]?
    /// Which attention is adapted.
    package var attention = Attention.both
    /// Whether the feed-forward parts are adapted.
    package var includesMLP = true
    /// PEFT's `bias`; the projections have none.
    package var bias = Bias.none
    /// Ranks of single modules, by a pattern of their path; the first that fits counts.
    package var rankPattern: [PatternSetting] = []
    /// Alphas of single modules, by a pattern of their path.
    package var alphaPattern: [PatternSetting] = []
    /// What LoKr alone knows.
    package var lokr = KroneckerSettings()
    /// What LoHa alone knows.
    package var loha = HadamardSettings()
    /// What OFT alone knows.
    package var oft = RotationTrainingSettings()

    /// What is adapted unless said otherwise.
    package static let defaultTargets = ["q_proj", "k_proj", "v_proj", "o_proj"]

    /// The projections of the feed-forward parts.
    package static let feedForwardTargets = ["gate_proj", "up_proj", "down_proj"]

    /// The defaults.
    package init() {}

    /// Families by Side-Step's names.
    package enum Family: String, Sendable, CaseIterable {
        /// Low-rank adaptation.
        case lora
        /// Low-rank adaptation with magnitudes.
        case dora
        /// Kronecker products.
        case lokr
        /// Hadamard products.
        case loha
        /// Rotations of the input.
        case oft

        /// Whether the family is LyCORIS's, which wraps every `Linear` and `Conv1d` of the decoder whatever the targets.
        package var isLyCORIS: Bool { self == .lokr || self == .loha }
    }

    /// Which attention is adapted.
    package enum Attention: String, Sendable, CaseIterable {
        /// Self-attention only.
        case selfOnly = "self"
        /// Cross-attention only.
        case crossOnly = "cross"
        /// Both.
        case both
    }

    /// PEFT's `bias`.
    package enum Bias: String, Sendable, CaseIterable {
        /// No bias.
        case none
        /// All of the base's.
        case all
        /// Those of adapted layers.
        case loraOnly = "lora_only"
    }

    /// Rank (LoRA, DoRA) or dimension (LoKr, LoHa); OFT has none.
    package var effectiveRank: Int {
        switch family {
        case .lora, .dora, .oft: rank
        case .lokr: lokr.dimension ?? rank
        case .loha: loha.dimension ?? rank
        }
    }

    /// Alpha of whichever family it is.
    package var effectiveAlpha: Double {
        switch family {
        case .lora, .dora, .oft: alpha
        case .lokr: lokr.alpha ?? alpha
        case .loha: loha.alpha ?? alpha
        }
    }

    /// PEFT's `target_modules`: names that a module's path ends with, attention's first.
    ///
    /// LyCORIS's families have no use for them.
    package var targetModules: [String] {
        // A list out of another tool's file may hold the feed-forward's names already.
        func prefixed(_ names: [String], _ prefix: String) -> [String] {
            names.map { $0.contains(".") || Self.feedForwardTargets.contains($0) ? $0 : "\(prefix).\($0)" }
        }
        var names: [String]
        switch attention {
        case .selfOnly: names = prefixed(selfTargets ?? targets, "self_attn")
        case .crossOnly: names = prefixed(crossTargets ?? targets, "cross_attn")
        case .both where selfTargets != nil || crossTargets != nil:
            names = prefixed(selfTargets ?? targets, "self_attn") + prefixed(crossTargets ?? targets, "cross_attn")
        case .both: names = targets
        }
        if includesMLP { names += Self.feedForwardTargets }
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

/// A number for the modules whose path fits a pattern.
package struct PatternSetting: Sendable, Equatable {
    /// PEFT's pattern: a regular expression of a path or of its end.
    package var pattern: String
    /// The rank or alpha.
    package var value: Double

    /// A number for a pattern.
    package init(pattern: String, value: Double) {
        self.pattern = pattern
        self.value = value
    }
}

/// What LoKr alone knows.
package struct KroneckerSettings: Sendable, Equatable {
    /// The dimension of the low-rank factors; nil is ``AdapterSettings/rank``.
    package var dimension: Int?
    /// The alpha; nil is ``AdapterSettings/alpha``.
    package var alpha: Double?
    /// How weights are split; −1 is the most square way.
    package var factor = -1
    /// Split both factors.
    package var decomposesBoth = false
    /// Tucker form for convolutions.
    package var usesTucker = false
    /// A trained scalar.
    package var usesScalar = false
    /// DoRA's magnitudes.
    package var decomposesWeight = false

    /// The defaults.
    package init() {}
}

/// What LoHa alone knows.
package struct HadamardSettings: Sendable, Equatable {
    /// The dimension of the factors; nil is ``AdapterSettings/rank``.
    package var dimension: Int?
    /// The alpha; nil is ``AdapterSettings/alpha``.
    package var alpha: Double?
    /// Written to files only; no formula of the family has it.
    package var factor = -1
    /// Tucker form for convolutions.
    package var usesTucker = false
    /// A trained scalar.
    package var usesScalar = false

    /// The defaults.
    package init() {}
}

/// What OFT alone knows.
package struct RotationTrainingSettings: Sendable, Equatable {
    /// Inputs that are rotated together.
    package var blockSize = 64
    /// Bound the rotations.
    package var isConstrained = false
    /// The bound.
    package var epsilon = 6e-5

    /// The defaults.
    package init() {}
}
