// SPDX-License-Identifier: Apache-2.0

import Attribution
import Synchronization
import TrainingRuns

/// Tells how far a study is, in lines.
final class StudyProgress: Sendable {
    private struct State {
        var done = 0
        var total = 0
        var lastLine = ContinuousClock.now
        var plan: RunPlan?
    }

    private let state = Mutex(State())
    private let isQuiet: Bool
    /// Logs want to know that the work goes on, not every step of it.
    private static let lineInterval = Duration.seconds(10)

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Notes how much is done.
    func finished(_ count: Int, of total: Int) { state.withLock { ($0.done, $0.total) = (count, total) } }

    /// Says what is begun.
    func begin(_ unit: StudyUnit, _ study: Study) {
        let place = state.withLock { state in
            state.lastLine = .now
            return "[\(state.done + 1)/\(state.total)]"
        }
        guard !isQuiet else { return }
        let prompts = study.configuration.prompts
        switch unit {
        case .training(let adapter):
            Console.write("\(place) training \(adapter.name) on \(study.songCount(adapter)) songs")
        case .reference(let prompt): Console.write("\(place) generating '\(prompts[prompt].name)' with all")
        case .comparison(let adapter, let prompt):
            Console.write("\(place) generating '\(prompts[prompt].name)' with \(adapter.name), and comparing")
        }
    }

    /// Says how far a training is, now and then, and what the user should know of it.
    func show(_ event: TrainingEvent, of adapter: StudiedAdapter) {
        switch event {
        case .started(let plan): state.withLock { $0.plan = plan }
        case .notice(let text): if !isQuiet { Console.write("\(adapter.name): \(text)") }
        case .step(let report):
            let line = state.withLock { state -> String? in
                guard .now - state.lastLine > Self.lineInterval else { return nil }
                state.lastLine = .now
                let total = state.plan.map { "/\($0.totalSteps)" } ?? ""
                return "\(adapter.name): step \(report.step)\(total), loss \(Figures.rounded(report.loss, places: 4))"
            }
            if let line, !isQuiet { Console.write(line) }
        default: break
        }
    }
}
