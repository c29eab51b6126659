// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Engine
import MusicAnalysis
import MusicSynthesis

/// What adapters of styles do to a model that has not learnt those styles.
struct AdapterFigures: Encodable {
    /// An adapter and the style that it was trained on.
    struct Subject: Sendable {
        let adapter: AdapterReference
        let style: Style
    }

    /// What to measure.
    struct Plan: Sendable {
        let subjects: [Subject]
        /// Prompts of each adapter and of each blend.
        let count: Int
        let seed: UInt64
        /// Whole seconds of a song.
        let seconds: ClosedRange<Int>
        /// Denoising steps; nil for the model's own.
        let steps: Int?
        /// Guidance; nil for the model's own.
        let guidance: Double?
        /// So many prompts of a hundred do not name the style; those of blends never do.
        let unnamedPercent = 50
    }

    /// How a style is heard at a strength of its adapter.
    struct Strength: Encodable {
        let weight: Double
        /// How often the style is the likeliest.
        let heard: MeasurementTable.Share
        /// How likely it is, in the mean.
        let likelihood: Double
    }

    /// One adapter: without it, at half its strength, and with it.
    struct Row: Encodable {
        let adapter: String
        let style: String
        let strengths: [Strength]

        /// Whether the likelihood at half the strength lies between those at its ends.
        var isHalfBetween: Bool {
            let values = strengths.map(\.likelihood)
            return values.count == 3 && values[0] < values[1] && values[1] < values[2]
        }
    }

    /// Two adapters at half their strength each: how likely each one's style is with the one, with the blend, and with the other.
    struct Blend: Encodable {
        let adapters: [String]
        let likelihoods: [[Double]]

        /// Whether the blend lies between its adapters in both styles.
        var isBetween: Bool {
            likelihoods.allSatisfy { (min($0[0], $0[2])...max($0[0], $0[2])).contains($0[1]) }
        }
    }

    let rows: [Row]
    let blends: [Blend]
    /// Whether the base makes the same samples after all adapters are gone as before the first came, bit for bit.
    let isBaseRestored: Bool

    private enum CodingKeys: String, CodingKey {
        case rows = "adapters"
        case blends
        case isBaseRestored = "base_restored"
    }

    /// Asks a model for the plan's songs and measures them.
    ///
    /// - Parameters:
    ///   - engine: the model.
    ///   - plan: what to measure.
    ///   - classifier: tells styles.
    ///   - progress: told what is done, how often, and of how many.
    /// - Returns: the figures.
    /// - Throws: what generating throws.
    static func measure(
        _ engine: MusicEngine,
        _ plan: Plan,
        classifier: TimbreClassifier,
        progress: (String, Int, Int) -> Void
    ) async throws -> AdapterFigures {
        var listener = Listener(engine: engine, plan: plan, classifier: classifier)
        let before = try await listener.base()
        var rows: [Row] = []
        for subject in plan.subjects {
            var strengths: [Strength] = []
            for weight in [0, 0.5, 1] {
                progress("\(subject.style.rawValue) at \(weight)", rows.count, plan.subjects.count)
                let prompts = Corpus(
                    seed: plan.seed,
                    styles: [subject.style],
                    part: .heldOut,
                    seconds: plan.seconds,
                    unnamedPercent: plan.unnamedPercent
                )
                // Strength 0 is asked for without the adapter: what it does at 0 is another test's question.
                let blend = weight > 0 ? [AdapterReference(subject.adapter.reference, weight: weight)] : []
                let answers = try await listener.answers(prompts, blend)
                strengths.append(
                    Strength(
                        weight: weight,
                        heard: MeasurementTable.Share(answers.map { $0?.style == subject.style }),
                        likelihood: Listener.likelihood(of: subject.style, answers)
                    )
                )
            }
            rows.append(
                Row(adapter: subject.adapter.reference, style: subject.style.rawValue, strengths: strengths)
            )
        }
        let blends = try await listener.blends(progress)
        for name in try await engine.adapterNames { try await engine.unloadAdapter(name) }
        let after = try await listener.base()
        return AdapterFigures(
            rows: rows,
            blends: blends,
            isBaseRestored: before.map(\.bitPattern) == after.map(\.bitPattern)
        )
    }

    /// Prints a line for each adapter and each blend.
    func printTable() {
        print("")
        for row in rows {
            let cells = row.strengths.map { strength in
                "at \(strength.weight) \(strength.heard.text), likelihood \(Figures.rounded(strength.likelihood, places: 2))"
            }
            print("\(row.style): \(cells.joined(separator: "; "))")
        }
        for blend in blends {
            let parts = zip(blend.adapters, blend.likelihoods).map { name, values in
                "\(name) " + values.map { Figures.rounded($0, places: 2) }.joined(separator: " → ")
            }
            print("\(blend.adapters.joined(separator: " → half of both → ")): \(parts.joined(separator: ", "))")
        }
        print("the base after the adapters is \(isBaseRestored ? "the same bits" : "NOT the same") as before them")
    }
}

/// Asks a model for songs and says what they sound like.
private struct Listener {
    let engine: MusicEngine
    let plan: AdapterFigures.Plan
    let classifier: TimbreClassifier
    /// What was heard of prompts that name nothing, with one adapter alone.
    private var alone: [String: [TimbreClassifier.Answer?]] = [:]

    init(engine: MusicEngine, plan: AdapterFigures.Plan, classifier: TimbreClassifier) {
        (self.engine, self.plan, self.classifier) = (engine, plan, classifier)
    }

    static func likelihood(of style: Style, _ answers: [TimbreClassifier.Answer?]) -> Double {
        answers.reduce(0) { $0 + ($1?.shares[style] ?? 0) } / Double(max(answers.count, 1))
    }

    func base() async throws -> [Float] { Array(try await sound(openPrompts, 0, []).samples) }

    func answers(_ prompts: Corpus, _ blend: [AdapterReference]) async throws -> [TimbreClassifier.Answer?] {
        var answers: [TimbreClassifier.Answer?] = []
        for index in 0..<plan.count {
            try Task.checkCancellation()
            answers.append(classifier.answer(Sound(try await sound(prompts, index, blend))))
        }
        return answers
    }

    /// Every pair of adapters, by prompts that leave open what plays.
    mutating func blends(_ progress: (String, Int, Int) -> Void) async throws -> [AdapterFigures.Blend] {
        var blends: [AdapterFigures.Blend] = []
        for (place, first) in plan.subjects.enumerated() {
            for second in plan.subjects[(place + 1)...] {
                progress("\(first.style.rawValue) and \(second.style.rawValue)", blends.count, plan.subjects.count)
                let ends = [try await answersAlone(first), try await answersAlone(second)]
                let both = try await answers(
                    openPrompts,
                    [first, second].map { AdapterReference($0.adapter.reference, weight: 0.5) }
                )
                blends.append(
                    AdapterFigures.Blend(
                        adapters: [first.style.rawValue, second.style.rawValue],
                        likelihoods: [first.style, second.style].map { style in
                            [ends[0], both, ends[1]].map { Self.likelihood(of: style, $0) }
                        }
                    )
                )
            }
        }
        return blends
    }

    private mutating func answersAlone(_ subject: AdapterFigures.Subject) async throws -> [TimbreClassifier.Answer?] {
        let name = subject.adapter.reference
        if let known = alone[name] { return known }
        let heard = try await answers(openPrompts, [AdapterReference(name)])
        alone[name] = heard
        return heard
    }

    private var openPrompts: Corpus {
        Corpus(seed: plan.seed, part: .heldOut, seconds: plan.seconds, unnamedPercent: 100)
    }

    private func sound(_ prompts: Corpus, _ index: Int, _ blend: [AdapterReference]) async throws -> AudioBuffer {
        var request = prompts.description(index).request(seed: plan.seed &+ UInt64(index))
        (request.steps, request.guidance) = (plan.steps, plan.guidance)
        return try await engine.generate(request, adapters: blend).pieces[0].audio
    }
}
