// SPDX-License-Identifier: Apache-2.0

/// An adapter of a study.
package enum StudiedAdapter: Hashable, Sendable {
    /// Trained on everything.
    case all
    /// Trained without a part.
    case without(String)
    /// Trained on everything once more, with another seed.
    case again

    /// The name of its folder: that of the user's own adapters without a part.
    package var name: String {
        switch self {
        case .all: "all"
        case .without(let part): "loo-\(part)"
        case .again: "again"
        }
    }
}

/// A piece of a study's work with its own mark that it is finished.
package enum StudyUnit: Hashable, Sendable {
    /// Trains an adapter.
    case training(StudiedAdapter)
    /// Records what the adapter of everything does with a prompt, by the prompt's place.
    case reference(prompt: Int)
    /// Records what another adapter does with it, and compares.
    case comparison(StudiedAdapter, prompt: Int)

    /// A name for messages, locks and files.
    package var name: String {
        switch self {
        case .training(let adapter): "training-\(adapter.name)"
        case .reference(let prompt): "reference-\(prompt + 1)"
        case .comparison(let adapter, let prompt): "comparison-\(adapter.name)-\(prompt + 1)"
        }
    }
}

/// The units of a study, what each needs, and how far the study is.
package struct StudyPlan: Sendable, Equatable {
    /// All units: trainings first, then what is generated, prompt by prompt.
    package let units: [StudyUnit]
    /// Those that are finished.
    package private(set) var finished: Set<StudyUnit> = []
    /// Those that somebody works on.
    package private(set) var claimed: Set<StudyUnit> = []

    /// A study that has not begun.
    ///
    /// - Parameters:
    ///   - trainings: the adapters that have to be trained.
    ///   - compared: the adapters that are compared with that of everything.
    ///   - promptCount: how many prompts there are.
    package init(trainings: [StudiedAdapter], compared: [StudiedAdapter], promptCount: Int) {
        units =
            trainings.map(StudyUnit.training)
            + (0..<promptCount).flatMap { prompt in
                [.reference(prompt: prompt)] + compared.map { .comparison($0, prompt: prompt) }
            }
    }

    /// What has to be finished before a unit can begin.
    package func needs(of unit: StudyUnit) -> [StudyUnit] {
        let needs: [StudyUnit] =
            switch unit {
            case .training: []
            case .reference: [.training(.all)]
            case .comparison(let adapter, let prompt): [.reference(prompt: prompt), .training(adapter)]
            }
        // Adapters that were given need no training.
        return needs.filter(units.contains)
    }

    /// Units that may begin, in their order.
    package var ready: [StudyUnit] {
        units.filter { unit in
            !finished.contains(unit) && !claimed.contains(unit) && needs(of: unit).allSatisfy(finished.contains)
        }
    }

    /// Whether everything is finished.
    package var isFinished: Bool { finished.count == units.count }

    /// Notes that somebody works on a unit.
    ///
    /// - Parameter unit: a unit that is ready.
    package mutating func claim(_ unit: StudyUnit) {
        precondition(ready.contains(unit), "only what is ready is begun")
        claimed.insert(unit)
    }

    /// Notes that somebody works on it no more, and did not finish.
    package mutating func release(_ unit: StudyUnit) { claimed.remove(unit) }

    /// Notes that a unit is finished, by whomever.
    package mutating func finish(_ unit: StudyUnit) {
        precondition(units.contains(unit), "a study finishes its own units")
        claimed.remove(unit)
        finished.insert(unit)
    }
}
