// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Whether an adapter learnt from each part what that part is about.
///
/// For each part and seed, the groups of prompts are ranked by how much leaving the part out moves them
/// (``Ranking/prompts``), or the parts by how much they move the part's own prompts (``Ranking/parts``). The seed is a hit if the
/// part's own group, or the part itself, comes first, and by a margin. A part passes if enough seeds are hits, the adapter if all parts do.
///
/// The margin is there because seeds share their adapters: what two trainings happen to differ by moves every seed alike, and a part that
/// leads by a hundredth would lead in ten of ten.
///
/// ``Part/chance`` is the probability of as many firsts if every order were equally likely. It speaks of the noise of generating: the
/// seeds share their adapters, so that it says nothing of what another training would have given.
package struct Verdict: Sendable, Equatable {
    /// What is ranked.
    package enum Ranking: String, Sendable, CaseIterable, Codable {
        /// The groups of prompts, for a part that is left out.
        case prompts
        /// The parts, for the prompts of one.
        case parts
    }

    /// What passes.
    package struct Rule: Sendable, Equatable {
        /// What is ranked.
        package var ranking = Ranking.prompts
        /// Whether influences are divided by what the prompt is moved by on average.
        package var isRelative = true
        /// The share of seeds that have to be hits.
        package var requiredShare = 0.9

        /// How many times more than the next the first has to be moved.
        package var requiredMargin = 1.1

        /// First by a tenth in nine of ten seeds.
        package init() {}

        /// How many of so many seeds have to be hits.
        package func requiredHits(of seeds: Int) -> Int {
            // 0.9 · 10 is a little more than 9 in binary.
            Int((requiredShare * Double(seeds) - 1e-9).rounded(.up))
        }
    }

    /// How one part did.
    package struct Part: Sendable, Equatable {
        /// The part.
        package let name: String
        /// The place of its own group, or of itself, for each seed; 1 is the first, equal ones count as being before it.
        package let ranks: [Int]
        /// How many come into question for each place.
        package let candidates: Int
        /// Seeds in which it is first by the margin.
        package let hits: Int
        /// Seeds in which it has to be first.
        package let required: Int
        /// The median over the seeds of how many times more it moves its own than the next.
        package let margin: Double
        /// How probable as many hits are by chance.
        package let chance: Double

        /// Whether it is first often enough.
        package var passes: Bool { hits >= required }
    }

    /// The rule that was applied.
    package let rule: Rule
    /// The parts that have prompts of their own.
    package let parts: [Part]
    /// The parts that have none, which nothing can be said of.
    package let unjudged: [String]

    /// Whether all parts pass; nothing passes if no part could be judged.
    package var passes: Bool { !parts.isEmpty && parts.allSatisfy(\.passes) }

    /// Judges a table.
    ///
    /// - Parameters:
    ///   - table: absolute influences.
    ///   - rule: what passes.
    package init(_ table: InfluenceTable, rule: Rule = Rule()) {
        self.rule = rule
        // With one part everything relative is 1.
        let table = rule.isRelative && table.parts.count > 1 ? table.relative : table
        let own = Set(table.prompts.compactMap(\.part))
        unjudged = table.parts.filter { !own.contains($0) }
        parts = table.parts.indices.filter { own.contains(table.parts[$0]) }.map { part in
            Self.judge(part, table, rule)
        }
    }

    private static func judge(_ part: Int, _ table: InfluenceTable, _ rule: Rule) -> Part {
        let name = table.parts[part]
        let group = "part \(name)"
        let others = table.groups.filter { $0 != group }
        var (ranks, margins): ([Int], [Double]) = ([], [])
        for seed in table.seeds.indices {
            let score = table.score(part: part, group: group, seed: seed)
            let rivals =
                switch rule.ranking {
                case .prompts: others.map { table.score(part: part, group: $0, seed: seed) }
                case .parts:
                    table.parts.indices.filter { $0 != part }.map { table.score(part: $0, group: group, seed: seed) }
                }
            // What is no number beats and is beaten by nothing: it counts against the part.
            ranks.append(1 + rivals.count { !(score > $0) })
            margins.append(rivals.max().map { $0 > 0 ? score / $0 : score > 0 ? .infinity : .nan } ?? .nan)
        }
        let candidates = (rule.ranking == .prompts ? others.count : table.parts.count - 1) + 1
        // First of one is no merit.
        let hits = candidates > 1 ? zip(ranks, margins).count { $0 == 1 && $1 >= rule.requiredMargin } : 0
        return Part(
            name: name,
            ranks: ranks,
            candidates: candidates,
            hits: hits,
            required: max(1, rule.requiredHits(of: ranks.count)),
            margin: median(margins),
            chance: chance(ofAtLeast: hits, in: ranks.count, each: 1 / Double(candidates))
        )
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.filter { !$0.isNaN }.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// The upper tail of the binomial distribution.
    static func chance(ofAtLeast hits: Int, in count: Int, each share: Double) -> Double {
        guard hits > 0 else { return 1 }
        guard share < 1 else { return 1 }
        let sum = (hits...max(hits, count)).reduce(0.0) { sum, k in
            guard k <= count else { return sum }
            let ways = lgamma(Double(count) + 1) - lgamma(Double(k) + 1) - lgamma(Double(count - k) + 1)
            return sum + exp(ways + Double(k) * log(share) + Double(count - k) * log1p(-share))
        }
        return min(1, sum)
    }
}
