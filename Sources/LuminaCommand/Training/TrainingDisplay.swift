// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TrainingRuns

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Shows a run: a dashboard that is drawn over on a terminal, plain lines otherwise.
final class TrainingDisplay: Sendable {
    private struct State {
        var figures = RunFigures()
        /// Lines of the dashboard that stand on the terminal.
        var drawn = 0
        var lastDraw: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let isTerminal: Bool
    private let isQuiet: Bool
    /// Often enough to look alive, seldom enough to cost nothing.
    private static let drawInterval = Duration.milliseconds(200)
    /// Logs want to know that the work goes on, not every step of it.
    private static let lineInterval = Duration.seconds(10)

    init(isTerminal: Bool = Console.isTerminal, isQuiet: Bool = false) {
        self.isTerminal = isTerminal
        self.isQuiet = isQuiet
    }

    /// What the events so far add up to.
    var figures: RunFigures { state.withLock { $0.figures } }

    /// Shows what just happened.
    func show(_ event: TrainingEvent) {
        state.withLock { state in
            state.figures.add(event)
            switch event {
            case .started(let plan): started(plan, &state)
            case .step: stepped(&state)
            case .epoch(let report): ended(report, &state)
            case .saved(let folder): say("saved \(folder.path)", &state)
            case .notice(let text): warn(text, &state)
            case .ended: finish(&state)
            case .parameters: break
            }
        }
    }

    /// Takes the dashboard off the terminal, its last state left as a line.
    func finish() { state.withLock { finish(&$0) } }

    private func started(_ plan: RunPlan, _ state: inout State) {
        var text = "\(plan.sampleCount) samples, \(plan.stepsPerEpoch) steps an epoch, \(plan.totalSteps) in all"
        if plan.validationCount > 0 { text += ", \(plan.validationCount) samples for validation" }
        if plan.firstStep > 0 { text += ", going on behind step \(plan.firstStep)" }
        if !plan.summary.isEmpty { say(plan.summary, &state) }
        say(text, &state)
    }

    private func stepped(_ state: inout State) {
        guard !isQuiet else { return }
        let now = ContinuousClock.now
        let interval = isTerminal ? Self.drawInterval : Self.lineInterval
        if let last = state.lastDraw, now - last < interval { return }
        state.lastDraw = now
        if isTerminal { return draw(&state) }
        Console.write(TrainingScreen.line(state.figures, memory: ProcessFigures.peakResidentBytes))
    }

    private func ended(_ report: EpochReport, _ state: inout State) {
        // On a terminal the dashboard has it; a thousand epochs need no thousand lines there.
        guard !isTerminal else { return }
        say(TrainingScreen.line(report, of: state.figures.plan?.epochs ?? report.epoch), &state)
    }

    /// Writes a line that stays, above the dashboard.
    private func say(_ text: String, _ state: inout State) {
        guard !isQuiet else { return }
        erase(&state)
        Console.write(text)
    }

    private func warn(_ text: String, _ state: inout State) {
        erase(&state)
        Console.warning(text)
    }

    private func finish(_ state: inout State) {
        erase(&state)
        guard !isQuiet, state.figures.lastStep != nil else { return }
        Console.write(TrainingScreen.line(state.figures, memory: ProcessFigures.peakResidentBytes))
    }

    private func draw(_ state: inout State) {
        let lines = TrainingScreen.dashboard(
            state.figures,
            width: Self.width - 1,
            memory: ProcessFigures.peakResidentBytes
        )
        let up = state.drawn > 0 ? "\r\u{1B}[\(state.drawn)A" : "\r"
        // Each line is cleared behind its text, not before it: what is drawn over does not flicker.
        Console.raw(up + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
        state.drawn = lines.count
    }

    private func erase(_ state: inout State) {
        if state.drawn > 0 { Console.raw("\r\u{1B}[\(state.drawn)A\u{1B}[J") }
        state.drawn = 0
    }

    /// Columns of the terminal; 80 where it does not say.
    private static var width: Int {
        var size = winsize()
        guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
