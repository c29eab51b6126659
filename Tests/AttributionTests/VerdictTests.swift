// SPDX-License-Identifier: Apache-2.0

import Attribution
import TestSupport
import Testing

@Suite("Weights, influences and verdicts")
struct VerdictTests {
    private func table(_ values: [[[Double]]], prompts: [(String, String?)]) -> InfluenceTable {
        InfluenceTable(
            parts: (0..<values.count).map { "p\($0)" },
            prompts: prompts.map { .init(name: $0.0, part: $0.1) },
            seeds: Array(0..<UInt64(values[0][0].count)),
            values: values
        )
    }

    private func rule(
        _ ranking: Verdict.Ranking = .prompts,
        relative: Bool = false,
        share: Double = 0.9,
        margin: Double = 1
    ) -> Verdict.Rule {
        var rule = Verdict.Rule()
        (rule.ranking, rule.isRelative, rule.requiredShare) = (ranking, relative, share)
        rule.requiredMargin = margin
        return rule
    }

    @Test("Weights add up to 1, and early steps weigh more", arguments: [1, 2, 8, 50])
    func weights(count: Int) throws {
        for weights in [
            StepWeights.linear, .exponential(halfLife: 0.25), .uniform, .list((0..<count).map { Double($0 + 1) }),
        ] {
            let values = try weights.values(count)
            #expect(values.count == count && abs(values.reduce(0, +) - 1) < 1e-12 && values.allSatisfy { $0 > 0 })
            #expect(!weights.summary.isEmpty)
            if count > 1, weights == .linear || weights == .exponential(halfLife: 0.25) {
                #expect(zip(values, values.dropFirst()).allSatisfy { $0 > $1 })
            }
        }
        #expect(try StepWeights.linear.values(3) == [3.0 / 6, 2.0 / 6, 1.0 / 6])
        let halved = try StepWeights.exponential(halfLife: 0.5).values(4)
        #expect(abs(halved[2] / halved[0] - 0.5) < 1e-12)
        #expect(throws: AttributionError.self) { try StepWeights.list([1, 2]).values(3) }
        #expect(InfluenceTable.influence([1, 2, 4], weights: [0.5, 0.25, 0.25]) == 2)
    }

    @Test("A part that moves its own prompts most in enough seeds passes")
    func passing() {
        let prompts: [(String, String?)] = [("a", "p0"), ("b", "p1"), ("c", nil)]
        // One seed of ten goes wrong for the first part, two for the second.
        let first = [
            Array(repeating: 3.0, count: 9) + [1], Array(repeating: 2, count: 10), Array(repeating: 0, count: 10),
        ]
        let second = [
            Array(repeating: 1.0, count: 10), Array(repeating: 2, count: 8) + [0, 1], Array(repeating: 0.5, count: 10),
        ]
        let verdict = Verdict(table([first, second], prompts: prompts), rule: rule())
        #expect(verdict.parts.map(\.hits) == [9, 8] && verdict.parts.map(\.required) == [9, 9])
        #expect(verdict.parts.map(\.passes) == [true, false] && !verdict.passes)
        #expect(verdict.parts[0].ranks == Array(repeating: 1, count: 9) + [2] && verdict.parts[0].candidates == 3)
        #expect(verdict.parts[1].ranks.suffix(2) == [3, 2], "what is equal counts as being before")
        #expect(abs(verdict.parts[0].margin - 1.5) < 1e-12)
        // P(X ≥ 9), X of 10 with a third each: (20 + 1) / 3^10.
        #expect(abs(verdict.parts[0].chance - 21.0 / 59049) < 1e-9)
        #expect(Verdict(table([first, second], prompts: prompts), rule: rule(share: 0.8)).passes)
    }

    @Test("Prompts of a part are judged by their mean, those of no part each by itself")
    func groups() {
        let prompts: [(String, String?)] = [("a", "p0"), ("a2", "p0"), ("x", nil), ("y", nil)]
        let verdict = Verdict(table([[[4], [0], [1], [1.5]]], prompts: prompts), rule: rule())
        #expect(verdict.parts[0].ranks == [1] && verdict.parts[0].candidates == 3)
        #expect(Verdict(table([[[2.9], [0], [1], [1.5]]], prompts: prompts), rule: rule()).parts[0].ranks == [2])
    }

    @Test("A prompt that everything moves is no merit of any part: relative influences see what absolute ones hide")
    func relative() {
        let prompts: [(String, String?)] = [("quiet", "p0"), ("loud", "p1")]
        let loud = table([[[2, 2], [9, 9]], [[1, 1], [20, 20]]], prompts: prompts)
        #expect(!Verdict(loud, rule: rule()).passes)
        let verdict = Verdict(loud, rule: rule(relative: true))
        #expect(verdict.passes && verdict.parts[0].ranks == [1, 1])
        #expect(abs(loud.relative.values[0][0][0] - 2 / 1.5) < 1e-12)
        for seed in 0..<2 {
            #expect(abs(loud.relative.values[0][1][seed] + loud.relative.values[1][1][seed] - 2) < 1e-12)
        }
        #expect(Verdict(loud, rule: rule(.parts)).passes, "2 > 1 for the quiet prompt, 20 > 9 for the loud one")
        #expect(loud.means == [[2, 9], [1, 20]])
    }

    @Test("A lead of a hundredth in every seed is no hit, one of more than the margin is")
    func margin() {
        let prompts: [(String, String?)] = [("a", "p0"), ("x", nil)]
        let slight = table([[Array(repeating: 1.01, count: 10), Array(repeating: 1, count: 10)]], prompts: prompts)
        #expect(!Verdict(slight, rule: Verdict.Rule()).passes && Verdict(slight, rule: rule()).passes)
        let clear = table([[Array(repeating: 1.2, count: 10), Array(repeating: 1, count: 10)]], prompts: prompts)
        #expect(Verdict(clear, rule: Verdict.Rule()).passes && !Verdict(clear, rule: rule(margin: 1.25)).passes)
        #expect(Verdict(slight, rule: Verdict.Rule()).parts[0].ranks == Array(repeating: 1, count: 10))
        let alone = table([[[1], [0]]], prompts: prompts)
        #expect(Verdict(alone, rule: rule(margin: 1000)).passes, "nothing else is moved at all")
    }

    @Test("Nothing that did not happen passes: no movement, no numbers, no prompts, nothing to rank with")
    func nothing() {
        let prompts: [(String, String?)] = [("a", "p0"), ("b", "p1")]
        for value in [0.0, .nan, .infinity] {
            for relative in [false, true] {
                for ranking in Verdict.Ranking.allCases {
                    let same = table([[[value], [value]], [[value], [value]]], prompts: prompts)
                    let verdict = Verdict(same, rule: rule(ranking, relative: relative, share: 0.01))
                    #expect(
                        !verdict.passes && verdict.parts.allSatisfy { $0.hits == 0 },
                        "\(value) \(relative) \(ranking)"
                    )
                    #expect(verdict.parts.allSatisfy { $0.chance == 1 })
                }
            }
        }
        let none = Verdict(table([[[1], [2]]], prompts: [("x", nil), ("y", nil)]), rule: rule())
        #expect(!none.passes && none.unjudged == ["p0"] && none.parts.isEmpty)
        let alone = Verdict(table([[[1]]], prompts: [("a", "p0")]), rule: rule())
        #expect(!alone.passes && alone.parts[0].candidates == 1 && alone.parts[0].hits == 0)
        let one = Verdict(table([[[5], [1]]], prompts: [("a", "p0"), ("x", nil)]), rule: rule(relative: true))
        #expect(one.passes, "with one part influences stay absolute")
        #expect(!Verdict(table([[[5], [1]]], prompts: [("a", "p0"), ("x", nil)]), rule: rule(.parts)).passes)
    }

    @Test(
        "Nine tenths of ten are nine",
        arguments: [(0.9, 10, 9), (0.9, 5, 5), (1, 3, 3), (0.5, 3, 2), (0.8, 10, 8), (0.7, 10, 7), (0.001, 4, 1)]
    )
    func required(share: Double, seeds: Int, hits: Int) { #expect(rule(share: share).requiredHits(of: seeds) == hits) }

    @Test("By chance an adapter passes about as often as is said")
    func chance() {
        var random = SeededGenerator(seed: 8)
        let prompts: [(String, String?)] = [("a", "p0"), ("b", nil), ("c", nil)]
        var passed = 0
        var expected = 0.0
        for _ in 0..<2000 {
            let values = (0..<3).map { _ in (0..<6).map { _ in Double.random(in: 0...1, using: &random) } }
            let part = Verdict(table([values], prompts: prompts), rule: rule(share: 0.5)).parts[0]
            if part.passes { passed += 1 }
            if part.hits == 3 { expected = part.chance }
        }
        // P(X ≥ 3), X of 6 with a third each.
        #expect(abs(expected - 233.0 / 729) < 1e-9)
        #expect(abs(Double(passed) / 2000 - expected) < 0.04)
    }

    @Test("Tables show every number, whatever prompts are called")
    func tables() throws {
        var configuration = StudyConfiguration()
        configuration.seeds = [1, 2]
        configuration.prompts = [
            .init(name: "a | \"b\", c\nd", part: "p", tags: ""), .init(name: "other", part: "q", tags: ""),
        ]
        func result(_ value: Double) -> TrajectoryDistance.Result {
            .init(distances: [value, value], errors: [0, 0.1])
        }
        let found = [
            [[result(4), result(2)], [result(1), result(1)]], [[result(1), result(1)], [result(3), result(3)]],
        ]
        let study = try StudyResult(configuration, parts: ["p", "q"], found: found, again: nil)
        #expect(study.verdict.passes && study.steps[0][0] == [3, 3])
        // A third of the weight is on the step with an error of a tenth of the smallest distance.
        #expect(abs(study.relativeError - 0.1 / 3) < 1e-9)
        let tables = StudyTables(study)
        #expect(
            tables.verdictRows == [
                ["p", "2 of 2", "2", "2.93", "0.2500", "passes"], ["q", "2 of 2", "2", "3.00", "0.2500", "passes"],
            ]
        )
        let markdown = tables.markdown(title: "T|t")
        #expect(
            markdown.contains("# T\\|t") && markdown.contains("| a \\| \"b\", c d |") && markdown.contains("**passes**")
        )
        let lines = tables.csv.split(separator: "\r\n")
        #expect(lines.count == 9 && tables.csv.contains("p,\"a | \"\"b\"\", c\nd\",p,1,4.0,1.6\r\n"))
        #expect(throws: AttributionError.self) {
            try StudyResult(configuration, parts: [], found: [], again: nil)
        }
        let uneven = [[[result(4), .init(distances: [1], errors: [0])]]]
        #expect(throws: AttributionError.self) {
            try StudyResult(configuration, parts: ["p"], found: uneven, again: nil)
        }
    }
}
