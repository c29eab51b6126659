// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Layers

/// Which projections an adapter is put on.
struct TargetResolution {
    private let design: AdapterDesign

    init(_ design: AdapterDesign) {
        self.design = design
    }

    /// The adapted projections of a model.
    ///
    /// PEFT's families take those whose path is a target or ends with a dot and a target. LyCORIS's take every linear layer and
    /// convolution; the transposed one of the output is neither.
    ///
    /// - Throws: ``TrainingError`` if there are none, or a PEFT family is asked to adapt a convolution.
    func paths(of projections: LinearIndex) throws -> [String] {
        let all = projections.paths
        guard !design.family.isLyCORIS else { return all.filter { $0 != "proj_out.1" } }
        let found = all.filter { path in design.targets.contains { path == $0 || path.hasSuffix("." + $0) } }
        guard !found.isEmpty else {
            throw TrainingError.noTargets(names: design.targets, examples: Array(all.prefix(4)))
        }
        for path in found where projections[path]?.layout != .matrix {
            throw TrainingError.unsupportedTarget(
                path: path,
                family: design.family.name,
                reason: "it is a convolution; LoKr and LoHa adapt it"
            )
        }
        return found
    }
}

extension AdapterDesign.LowRank {
    /// The rank of one projection.
    ///
    /// - Throws: `AdapterFormatError` for a pattern that is no expression.
    func rank(of path: String) throws -> Int {
        try Self.value(ranks.map { ($0.path, Double($0.rank)) }, "rank_pattern", of: path).map { Int($0) } ?? rank
    }

    /// The alpha of one projection.
    ///
    /// - Throws: `AdapterFormatError` for a pattern that is no expression.
    func alpha(of path: String) throws -> Double {
        try Self.value(alphas.map { ($0.path, $0.alpha) }, "alpha_pattern", of: path) ?? alpha
    }

    /// What the product of one projection's factors is multiplied with.
    ///
    /// - Throws: `AdapterFormatError` for a pattern that is no expression.
    func scale(of path: String) throws -> Double {
        let rank = Double(try rank(of: path))
        return try alpha(of: path) / (isStabilized ? rank.squareRoot() : rank)
    }

    private static func value(
        _ pairs: [(key: String, value: Double)],
        _ name: String,
        of path: String
    ) throws -> Double? {
        guard !pairs.isEmpty else { return nil }
        var budget = PatternTable.stepBudget
        return try PatternTable(pairs, source: name).value(for: [path], budget: &budget)
    }
}
