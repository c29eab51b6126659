// SPDX-License-Identifier: Apache-2.0

/// How much each part moves each prompt, seed by seed.
package struct InfluenceTable: Sendable, Equatable {
    /// A prompt of the table.
    package struct Prompt: Sendable, Equatable {
        /// What it is called.
        package var name: String
        /// The part that it belongs to, if it does.
        package var part: String?

        /// A prompt.
        package init(name: String, part: String?) { (self.name, self.part) = (name, part) }

        /// Prompts of one part are judged together, others each by itself.
        var group: String { part.map { "part \($0)" } ?? "prompt \(name)" }
    }

    /// The parts that were left out in turn.
    package let parts: [String]
    /// The prompts.
    package let prompts: [Prompt]
    /// The seeds.
    package let seeds: [UInt64]
    /// `[part][prompt][seed]`: distances over all steps, weighed and added.
    package let values: [[[Double]]]

    /// A table.
    ///
    /// - Parameters:
    ///   - parts: the parts that were left out in turn.
    ///   - prompts: the prompts.
    ///   - seeds: the seeds.
    ///   - values: `[part][prompt][seed]`.
    package init(parts: [String], prompts: [Prompt], seeds: [UInt64], values: [[[Double]]]) {
        precondition(
            values.count == parts.count && values.allSatisfy { $0.count == prompts.count }
                && values.allSatisfy { $0.allSatisfy { $0.count == seeds.count } },
            "every part has a value for every prompt and seed"
        )
        (self.parts, self.prompts, self.seeds, self.values) = (parts, prompts, seeds, values)
    }

    /// The sum of distances of steps by their weights.
    package static func influence(_ distances: [Double], weights: [Double]) -> Double {
        precondition(distances.count == weights.count, "each step has a weight")
        return zip(distances, weights).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// The same table with each value divided by the mean of its prompt and seed over the parts.
    ///
    /// Some prompts are moved more by anything: by a louder part of the latents' space, by a longer chain of guidance. What is left
    /// says how a part compares with the others on the same prompt: 1 is what an average part does. Where nothing moves a prompt
    /// at all, its values are NaN.
    package var relative: InfluenceTable {
        let means = prompts.indices.map { prompt in
            seeds.indices.map { seed in
                values.reduce(0) { $0 + $1[prompt][seed] } / Double(max(parts.count, 1))
            }
        }
        return InfluenceTable(
            parts: parts,
            prompts: prompts,
            seeds: seeds,
            values: values.map { row in
                row.enumerated().map { prompt, values in
                    values.enumerated().map { $1 / means[prompt][$0] }
                }
            }
        )
    }

    /// `[part][prompt]`: means over the seeds.
    package var means: [[Double]] {
        values.map { row in row.map { $0.reduce(0, +) / Double(max($0.count, 1)) } }
    }

    /// The groups of prompts, in the order in which they first come.
    var groups: [String] {
        var seen: Set<String> = []
        return prompts.map(\.group).filter { seen.insert($0).inserted }
    }

    /// The mean of a part over the prompts of a group, for one seed.
    func score(part: Int, group: String, seed: Int) -> Double {
        let own = prompts.indices.filter { prompts[$0].group == group }
        return own.reduce(0) { $0 + values[part][$1][seed] } / Double(max(own.count, 1))
    }
}
