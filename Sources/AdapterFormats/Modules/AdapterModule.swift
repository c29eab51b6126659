// SPDX-License-Identifier: Apache-2.0

public import Checkpoints

/// What an adapter holds for one module of the base.
public struct AdapterModule: Sendable, Hashable {
    /// The module's place in the base.
    public let path: ModulePath
    /// The module as the file spells it, wrappers included.
    public let spelledPath: String
    /// The family that these tensors belong to.
    public let kind: AdapterKind
    /// The tensors by what they are to the module.
    public let tensors: [TensorRole: TensorDescription]
    /// Rank, alpha and scale.
    ///
    /// Nil for families without a rank, and for LyCORIS's LoKr with two whole factors, whose scale is 1.
    public let lowRank: LowRankScale?
    /// How OFT's vectors become rotations.
    ///
    /// Nil for other families.
    public let rotation: RotationSettings?

    /// Whether PEFT's settings came with it, so that PEFT's formulas hold where libraries differ.
    public let isPEFT: Bool

    /// What the difference is multiplied with at weight 1.
    public var scale: Double { lowRank?.scale ?? 1 }

    /// Describes a module whose tensors have been checked against each other.
    package init(
        path: ModulePath,
        spelledPath: String,
        kind: AdapterKind,
        tensors: [TensorRole: TensorDescription],
        lowRank: LowRankScale?,
        rotation: RotationSettings? = nil,
        isPEFT: Bool = false
    ) {
        self.path = path
        self.spelledPath = spelledPath
        self.kind = kind
        self.tensors = tensors
        self.lowRank = lowRank
        self.rotation = rotation
        self.isPEFT = isPEFT
    }
}

/// How strongly a low-rank product acts at weight 1.
public struct LowRankScale: Sendable, Hashable {
    /// Where an alpha comes from.
    public enum Source: Sendable, Hashable {
        /// The module's own `.alpha` tensor.
        case tensor
        /// `adapter_config.json`, or the metadata of the file.
        case configuration
        /// Nothing states one: the scale is 1.
        case absent
    }

    /// The inner dimension of the module's own factors; of PEFT's LoKr with two whole factors what its settings say.
    public let rank: Int
    /// The numerator of the scale.
    ///
    /// Equal to the rank where nothing states one.
    public let alpha: Double
    /// Where the alpha comes from.
    public let source: Source
    /// What the product of the factors is multiplied with: `alpha / rank`, or `alpha / √rank` for rank-stabilised LoRA.
    public let scale: Double

    /// Computes the scale.
    ///
    /// - Parameters:
    ///   - rank: the rows of the first factor, at least 1.
    ///   - alpha: the numerator. Nil if nothing states one.
    ///   - source: where it comes from.
    ///   - isRankStabilised: whether the root of the rank divides it (PEFT's `use_rslora`).
    package init(rank: Int, alpha: Double?, source: Source, isRankStabilised: Bool) {
        self.rank = rank
        self.alpha = alpha ?? Double(rank)
        self.source = alpha == nil ? .absent : source
        guard let alpha else {
            scale = 1
            return
        }
        scale = alpha / (isRankStabilised ? Double(rank).squareRoot() : Double(rank))
    }
}
