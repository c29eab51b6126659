// SPDX-License-Identifier: Apache-2.0

/// Which family of adapter is trained, how large it is, and where.
package struct AdapterDesign: Sendable, Equatable {
    /// LoRA and its kin, as PEFT has them.
    package struct LowRank: Sendable, Equatable {
        /// Rank of the factors.
        package var rank = 64
        /// What their product is multiplied with, times the rank.
        package var alpha = 128.0
        /// The share of the input that is dropped.
        package var dropout = 0.0
        /// Train the rows' lengths apart (DoRA).
        package var usesMagnitudes = false
        /// Scale by the rank's root (rsLoRA).
        package var isStabilized = false
        /// Ranks of single projections, by PEFT's patterns of their paths; the first that fits counts.
        package var ranks: [(path: String, rank: Int)] = []
        /// Alphas of single projections, by PEFT's patterns of their paths; the first that fits counts.
        package var alphas: [(path: String, alpha: Double)] = []

        /// The defaults.
        package init() {}

        package static func == (a: Self, b: Self) -> Bool {
            (a.rank, a.alpha, a.dropout, a.usesMagnitudes, a.isStabilized)
                == (b.rank, b.alpha, b.dropout, b.usesMagnitudes, b.isStabilized)
                && a.ranks.elementsEqual(b.ranks, by: ==) && a.alphas.elementsEqual(b.alphas, by: ==)
        }
    }

    /// OFT, as PEFT has it.
    package struct Rotation: Sendable, Equatable {
        /// Inputs that are turned together.
        package var blockSize = 64
        /// Keep rotations small (PEFT's `coft`).
        package var isConstrained = false
        /// How small.
        package var epsilon = 6e-5

        /// The defaults.
        package init() {}
    }

    /// LoKr, as LyCORIS has it.
    package struct Kronecker: Sendable, Equatable {
        /// Rank of factors that are products.
        package var rank = 64
        /// What the product is multiplied with, times the rank.
        package var alpha = 128.0
        /// How dimensions are split; −1 as evenly as possible.
        package var factor = -1
        /// Make the first factor a product too where it is large.
        package var decomposesBoth = false
        /// Give convolutions a core.
        package var usesTucker = false
        /// Train a factor for the whole.
        package var usesScalar = false
        /// Train the rows' lengths apart (DoRA).
        package var usesMagnitudes = false

        /// The defaults.
        package init() {}
    }

    /// LoHa, as LyCORIS has it.
    package struct Hadamard: Sendable, Equatable {
        /// Rank of the factors.
        package var rank = 64
        /// What the product is multiplied with, times the rank.
        package var alpha = 128.0
        /// Give convolutions a core.
        package var usesTucker = false
        /// Train a factor for the whole.
        package var usesScalar = false

        /// The defaults.
        package init() {}
    }

    /// The family and its sizes.
    package enum Family: Sendable, Equatable {
        /// LoRA, rsLoRA, DoRA.
        case lowRank(LowRank)
        /// OFT.
        case rotation(Rotation)
        /// LoKr.
        case kronecker(Kronecker)
        /// LoHa.
        case hadamard(Hadamard)

        /// The name that people know it by.
        package var name: String {
            switch self {
            case .lowRank(let design): design.usesMagnitudes ? "DoRA" : "LoRA"
            case .rotation: "OFT"
            case .kronecker: "LoKr"
            case .hadamard: "LoHa"
            }
        }

        /// Whether LyCORIS has it, which adapts every linear layer and convolution whatever the targets.
        package var isLyCORIS: Bool {
            switch self {
            case .kronecker, .hadamard: true
            case .lowRank, .rotation: false
            }
        }
    }

    /// The family and its sizes.
    package var family: Family
    /// Names of projections as PEFT matches them: whole paths, or their last components.
    package var targets: [String]

    /// Names both.
    package init(_ family: Family, targets: [String] = Self.defaultTargets) {
        self.family = family
        self.targets = targets
    }

    /// The projections of attention.
    package static let attentionTargets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    /// The projections of the feed-forward blocks.
    package static let feedForwardTargets = ["gate_proj", "up_proj", "down_proj"]
    /// All projections of the layers.
    package static let defaultTargets = attentionTargets + feedForwardTargets
}
