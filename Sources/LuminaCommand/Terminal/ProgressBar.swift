// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Engine
import Synchronization

/// Shows how far a generation is: one line that is drawn over on a terminal, a plain line for each part otherwise.
final class ProgressBar: Sendable {
    private struct State {
        var started = ContinuousClock.now
        var phase = ""
        var drawn = false
        var lastLine = ContinuousClock.now
    }

    private let state = Mutex(State())
    private let isTerminal: Bool
    private let isQuiet: Bool
    private static let width = 28
    /// Logs want to know that the work goes on, not every step of it.
    private static let lineInterval = Duration.seconds(5)

    init(isTerminal: Bool = Console.isTerminal, isQuiet: Bool = false) {
        self.isTerminal = isTerminal
        self.isQuiet = isQuiet
    }

    /// Shows what just happened.
    func show(_ event: GenerationEvent) {
        switch event {
        case .encoded: update("denoising", share: 0, detail: "")
        case .denoised(let step, let total):
            update("denoising", share: Double(step) / Double(total), detail: "step \(step)/\(total)")
        case .decoded(let share): update("decoding", share: share, detail: "")
        }
    }

    /// Shows how many of a known number of steps are done.
    func show(_ phase: String, _ step: Int, of total: Int) {
        update(phase, share: total > 0 ? Double(step) / Double(total) : 1, detail: "\(step)/\(total)")
    }

    /// Shows what loading does.
    func show(_ event: LoadingEvent) {
        switch event {
        case .quantizing: update("packing weights to int8", share: 0, detail: "")
        case .notKept(let reason):
            finish()
            Console.warning("the packed weights were not kept, so that the next start packs them again: \(reason)")
        }
    }

    /// Ends the line that is drawn over.
    func finish() {
        state.withLock { state in
            if state.drawn { Console.raw("\r\u{1B}[K") }
            state.drawn = false
        }
    }

    private func update(_ phase: String, share: Double, detail: String) {
        guard !isQuiet else { return }
        state.withLock { state in
            if phase != state.phase {
                state.phase = phase
                state.started = .now
                state.lastLine = .now
                if !isTerminal { Console.write(phase) }
            }
            guard isTerminal else {
                guard !detail.isEmpty, share < 1, .now - state.lastLine > Self.lineInterval else { return }
                state.lastLine = .now
                Console.write("\(phase) \(detail)\(Self.left(share, since: state.started))")
                return
            }
            let filled = Int(share * Double(Self.width))
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
            let percent = Int(share * 100)
            Console.raw("\r\u{1B}[K\(phase) \(bar) \(percent) % \(detail)\(Self.left(share, since: state.started))")
            state.drawn = true
        }
    }

    private static func left(_ share: Double, since start: ContinuousClock.Instant) -> String {
        guard share > 0, share < 1 else { return "" }
        let spent = (ContinuousClock.now - start).inSeconds
        let seconds = spent * (1 - share) / share
        return seconds < 60
            ? ", \(Int(seconds.rounded(.up))) s left" : ", \(Int(seconds / 60)) min \(Int(seconds) % 60) s left"
    }
}
