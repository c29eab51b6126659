// SPDX-License-Identifier: Apache-2.0

public import Layers

/// What the adapters of a blend do to one layer, collected before it becomes branches.
///
/// Effects of one sort share a branch, and the sorts have an order: a gain multiplies the base's output, hence comes before
/// anything is added to it.
public struct LayerBlend {
    private var gains: [OutputGainBranch.Term] = []
    private var inputs: [InputChangeBranch.Term] = []
    private var products: [LowRankBranch.Term] = []
    private var others: [any LayerBranch] = []

    /// Creates a blend that does nothing.
    public init() {}

    /// Adds a factor of the base's output.
    mutating func add(_ term: OutputGainBranch.Term) { gains.append(term) }

    /// Adds a change of the base's input.
    mutating func add(_ term: InputChangeBranch.Term) { inputs.append(term) }

    /// Adds a low-rank product.
    public mutating func add(_ term: LowRankBranch.Term) { products.append(term) }

    /// Adds a branch that does not look at the output that it is given.
    public mutating func add(_ branch: any LayerBranch) { others.append(branch) }

    /// The branches in the order in which the layer applies them.
    public var branches: [any LayerBranch] {
        var branches: [any LayerBranch] = []
        if !gains.isEmpty { branches.append(OutputGainBranch(terms: gains)) }
        if !inputs.isEmpty { branches.append(InputChangeBranch(terms: inputs)) }
        branches += others
        if !products.isEmpty { branches.append(LowRankBranch(products)) }
        return branches
    }
}
