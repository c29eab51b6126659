// SPDX-License-Identifier: Apache-2.0

/// One adapter of a blend and how strongly it acts.
public struct BlendEntry: Sendable, Hashable {
    /// The name under which the adapter is loaded.
    public let name: String
    /// How strongly it acts.
    public let weight: AdapterWeight
    /// What the weight is multiplied with in parts of the model.
    public let groups: GroupScales
    /// The positions of the sequence at which it acts; nil for all.
    ///
    /// Only a ``BatchBlend`` looks at them: it knows the sequence.
    package let positions: Range<Int>?

    /// Names an adapter and its weight.
    public init(_ name: String, weight: AdapterWeight = 1, groups: GroupScales = GroupScales()) {
        self.init(name, weight: weight, groups: groups, positions: nil)
    }

    /// Names an adapter, its weight and where it acts.
    package init(
        _ name: String,
        weight: AdapterWeight = 1,
        groups: GroupScales = GroupScales(),
        positions: Range<Int>?
    ) {
        self.name = name
        self.weight = weight
        self.groups = groups
        self.positions = positions
    }

    /// The same entry without its positions.
    var everywhere: BlendEntry { BlendEntry(name, weight: weight, groups: groups) }
}

/// How much of an adapter acts on each part of the transformer's layers; what is not named here is in none of the groups
/// and keeps its weight.
public struct GroupScales: Sendable, Hashable {
    /// On self-attention.
    public var selfAttention: Double
    /// On cross-attention.
    public var crossAttention: Double
    /// On the feed-forward blocks.
    public var feedForward: Double

    /// All of it everywhere, unless given.
    public init(selfAttention: Double = 1, crossAttention: Double = 1, feedForward: Double = 1) {
        self.selfAttention = selfAttention
        self.crossAttention = crossAttention
        self.feedForward = feedForward
    }

    /// The scale of the layer at a path.
    func scale(of path: String) -> Double {
        if path.contains(".self_attn.") { return selfAttention }
        if path.contains(".cross_attn.") { return crossAttention }
        return path.contains(".mlp.") ? feedForward : 1
    }

    /// The first of the numbers that is not finite, if any is not.
    var invalidNumber: Double? { [selfAttention, crossAttention, feedForward].first { !$0.isFinite } }
}
