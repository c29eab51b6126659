// SPDX-License-Identifier: Apache-2.0

/// What a study found.
package struct StudyResult: Sendable, Equatable {
    /// How much each part moves each prompt, absolutely.
    package var table: InfluenceTable
    /// How much chance alone moves each prompt and seed, where everything was trained a second time.
    package var again: InfluenceTable?
    /// `[part][prompt][step]`: means of the distances over the seeds.
    package var steps: [[[Double]]]
    /// `[prompt][step]`: what chance alone moves, means over the seeds.
    package var againSteps: [[Double]]?
    /// The largest standard error of an influence, as a share of it: 0 where all distances are exact.
    package var relativeError: Double
    /// How much each step counts.
    package var weights: [Double]
    /// Whether the adapter passes.
    package var verdict: Verdict

    /// Adds up what the comparisons found.
    ///
    /// - Parameters:
    ///   - configuration: the study's.
    ///   - parts: the parts that were left out in turn.
    ///   - found: `[part][prompt][seed]`.
    ///   - again: `[prompt][seed]` of the second training on everything.
    /// - Throws: ``AttributionError/points(_:)`` if weights for another number of steps were given.
    package init(
        _ configuration: StudyConfiguration,
        parts: [String],
        found: [[[TrajectoryDistance.Result]]],
        again: [[TrajectoryDistance.Result]]?
    ) throws(AttributionError) {
        let count = found.first?.first?.first?.distances.count ?? 0
        guard count > 0 else { throw .points("the study has found nothing to add up") }
        let weights = try configuration.comparison.weights.values(count)
        let all = (found + (again.map { [$0] } ?? [])).flatMap { $0.flatMap { $0 } }
        guard all.allSatisfy({ $0.distances.count == count && $0.errors.count == count }) else {
            throw .points("comparisons with different numbers of steps cannot be added up; make them again with --redo")
        }
        let prompts = configuration.prompts.map { InfluenceTable.Prompt(name: $0.name, part: $0.part) }
        func values(_ results: [[TrajectoryDistance.Result]]) -> [[Double]] {
            results.map { $0.map { InfluenceTable.influence($0.distances, weights: weights) } }
        }
        table = InfluenceTable(
            parts: parts,
            prompts: prompts,
            seeds: configuration.seeds,
            values: found.map(values)
        )
        self.again = again.map {
            InfluenceTable(parts: ["again"], prompts: prompts, seeds: configuration.seeds, values: [values($0)])
        }
        againSteps = again.map { $0.map { Self.mean($0.map(\.distances), count) } }
        steps = found.map { row in row.map { Self.mean($0.map(\.distances), count) } }
        relativeError =
            all.map { result in
                let value = InfluenceTable.influence(result.distances, weights: weights)
                // Steps share their slices: in the worst case their errors add up.
                let error = InfluenceTable.influence(result.errors, weights: weights)
                return error > 0 && value > 0 ? error / value : 0
            }.max() ?? 0
        self.weights = weights
        verdict = Verdict(table, rule: configuration.verdict)
    }

    private static func mean(_ rows: [[Double]], _ count: Int) -> [Double] {
        (0..<count).map { step in rows.reduce(0) { $0 + $1[step] } / Double(max(rows.count, 1)) }
    }
}
