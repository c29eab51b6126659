// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a run looks like on a terminal, and on one line of a log.
package enum TrainingScreen {
    private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// The lines of a dashboard.
    ///
    /// - Parameters:
    ///   - figures: the run.
    ///   - width: columns of the terminal.
    ///   - memory: bytes that the process holds; nil leaves them out.
    /// - Returns: three or four lines of at most `width` characters.
    package static func dashboard(_ figures: RunFigures, width: Int, memory: Double? = nil) -> [String] {
        guard let plan = figures.plan else { return ["preparing"] }
        let barWidth = max(4, min(28, width - 50))
        let filled = Int(figures.share * Double(barWidth))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: barWidth - filled)
        var lines = [
            "\(position(figures, plan))  \(bar) \(Int(figures.share * 100)) %\(left(figures))"
        ]
        guard let step = figures.lastStep else { return fitted(lines + ["waiting for the first step"], width) }
        var loss = "loss \(number(step.loss))"
        if let average = figures.averageLoss { loss += ", mean \(number(average))" }
        if let epoch = figures.lastEpoch, let validation = epoch.validationLoss {
            loss += ", validation \(number(validation))"
        }
        if let best = figures.best { loss += ", best \(number(best.loss)) in epoch \(best.epoch)" }
        lines.append(loss)
        lines.append(
            "lr \(rate(step.learningRate))  grad norm \(number(step.gradientNorm))\(pace(figures))\(held(memory))"
        )
        let curve = sparkline(figures.lossCurve(width: min(width, 72)))
        if curve.count > 1 { lines.append(curve) }
        return fitted(lines, width)
    }

    /// One line of a log.
    ///
    /// - Parameters:
    ///   - figures: the run.
    ///   - memory: bytes that the process holds; nil leaves them out.
    /// - Returns: the line.
    package static func line(_ figures: RunFigures, memory: Double? = nil) -> String {
        guard let plan = figures.plan else { return "preparing" }
        guard let step = figures.lastStep else { return position(figures, plan) }
        return "\(position(figures, plan)): loss \(number(step.loss)), lr \(rate(step.learningRate)), "
            + "grad norm \(number(step.gradientNorm))\(pace(figures, separator: ", "))"
            + "\(held(memory, separator: ", "))\(left(figures))"
    }

    /// The line at the end of an epoch.
    ///
    /// - Parameters:
    ///   - report: the epoch.
    ///   - epochs: how many there are.
    /// - Returns: the line.
    package static func line(_ report: EpochReport, of epochs: Int) -> String {
        var line = "epoch \(report.epoch)/\(epochs) done in \(duration(report.seconds)): loss \(number(report.loss))"
        if let loss = report.validationLoss { line += ", validation \(number(loss))" }
        if let best = report.best { line += ", best \(number(best.loss)) in epoch \(best.epoch)" }
        return line
    }

    /// Numbers as a row of blocks between the lowest and the highest.
    ///
    /// - Parameter values: the numbers.
    /// - Returns: a character for each; a blank for one that is not finite.
    package static func sparkline(_ values: [Double]) -> String {
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else {
            return String(repeating: " ", count: values.count)
        }
        return String(
            values.map { value -> Character in
                guard value.isFinite else { return " " }
                guard high > low else { return blocks[0] }
                let height = (value - low) / (high - low) * Double(blocks.count)
                return blocks[min(blocks.count - 1, Int(height))]
            }
        )
    }

    /// A duration as people say it.
    ///
    /// - Parameter seconds: its seconds.
    /// - Returns: such as `45 s`, `3 min 20 s`, `2 h 5 min` or `3 d 4 h`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "for ever" }
        let whole = max(0, Int(seconds.rounded(.up)))
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3600: return "\(whole / 60) min \(whole % 60) s"
        case ..<86_400: return "\(whole / 3600) h \(whole / 60 % 60) min"
        default: return "\(whole / 86_400) d \(whole / 3600 % 24) h"
        }
    }

    private static func position(_ figures: RunFigures, _ plan: RunPlan) -> String {
        let step = figures.lastStep?.step ?? plan.firstStep
        let epoch = figures.lastStep?.epoch ?? min(plan.epochs, plan.firstStep / max(1, plan.stepsPerEpoch) + 1)
        return "epoch \(epoch)/\(plan.epochs) step \(step)/\(plan.totalSteps)"
    }

    private static func left(_ figures: RunFigures) -> String {
        guard figures.outcome == nil, let seconds = figures.secondsLeft, seconds > 0 else { return "" }
        return ", \(duration(seconds)) left"
    }

    private static func pace(_ figures: RunFigures, separator: String = "  ") -> String {
        guard let step = figures.lastStep, let seconds = figures.stepSeconds ?? figures.lastStep?.seconds else {
            return ""
        }
        // Waiting for data is worth a word only where it costs something.
        let wait = step.waitingSeconds > 0.05 * step.seconds && step.seconds > 0
        let waiting = wait ? " (\(Int(100 * step.waitingSeconds / step.seconds)) % waiting for data)" : ""
        return "\(separator)\(String(format: seconds < 10 ? "%.2f" : "%.1f", seconds)) s/step\(waiting)"
    }

    private static func held(_ memory: Double?, separator: String = "  ") -> String {
        memory.map { "\(separator)\(String(format: "%.1f", $0 / 1e9)) GB" } ?? ""
    }

    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        return String(format: value.magnitude >= 1000 || value != 0 && value.magnitude < 1e-4 ? "%.3e" : "%.4f", value)
    }

    private static func rate(_ value: Double) -> String { String(format: "%.2e", value) }

    private static func fitted(_ lines: [String], _ width: Int) -> [String] {
        lines.map { line in line.count > max(8, width) ? String(line.prefix(max(8, width) - 1)) + "…" : line }
    }
}
