// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Registry
import Synchronization

/// Shows how far a transfer is, with rate and time left: one line drawn over on a terminal, a line now and then otherwise.
final class TransferBar: Sendable {
    private struct State {
        var phase: RegistryProgress.Phase?
        var started = ContinuousClock.now
        var drawn = ContinuousClock.now - .seconds(60)
        var isDirty = false
    }

    private static let width = 24
    private static let loggedByteCount = 16_000_000
    private let state = Mutex(State())
    private let isTerminal: Bool
    private let isQuiet: Bool

    init(isTerminal: Bool = Console.isTerminal, isQuiet: Bool = false) {
        self.isTerminal = isTerminal
        self.isQuiet = isQuiet
    }

    /// Shows a moment; drawn ten times a second at most.
    func show(_ progress: RegistryProgress) {
        guard !isQuiet, progress.totalByteCount > 0 else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            if state.phase != progress.phase {
                state.phase = progress.phase
                state.started = now
                state.drawn = now - .seconds(60)
                // In a log, what is over at once is not worth a line.
                if !isTerminal && progress.totalByteCount >= Self.loggedByteCount {
                    Console.write("\(progress.phase.rawValue) \(Self.bytes(progress.totalByteCount))")
                }
            }
            let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(5)
            let isLast = progress.byteCount >= progress.totalByteCount
            guard now - state.drawn > interval || isTerminal && isLast else { return }
            let isFirst = state.drawn < state.started
            state.drawn = now
            let line = Self.line(progress, seconds: (now - state.started).inSeconds)
            if isTerminal {
                Console.raw("\r\u{1B}[K" + line)
                state.isDirty = true
            } else if !isFirst {
                Console.write(line)
            }
        }
    }

    /// Ends the line that is drawn over.
    func finish() {
        state.withLock { state in
            if state.isDirty { Console.raw("\r\u{1B}[K") }
            state.isDirty = false
        }
    }

    private static func line(_ progress: RegistryProgress, seconds: Double) -> String {
        let share = Double(progress.byteCount) / Double(progress.totalByteCount)
        let filled = Int(share * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        var text = "\(progress.phase.rawValue) \(bar) \(bytes(progress.byteCount)) of \(bytes(progress.totalByteCount))"
        if seconds > 0.2, progress.byteCount > 0 {
            let rate = Double(progress.byteCount) / seconds
            text += ", \(bytes(Int(rate)))/s"
            let left = Double(progress.totalByteCount - progress.byteCount) / rate
            if left >= 1 { text += ", \(Int(left.rounded(.up))) s left" }
        }
        return text
    }

    /// Bytes as people read them.
    static func bytes(_ count: Int) -> String {
        let units = ["bytes", "kB", "MB", "GB", "TB"]
        var value = Double(count)
        var unit = 0
        while value >= 1000 && unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(count) bytes" : "\(Figures.rounded(value, places: value < 10 ? 1 : 0)) \(units[unit])"
    }
}
