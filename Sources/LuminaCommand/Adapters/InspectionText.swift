// SPDX-License-Identifier: Apache-2.0

import AdapterConversion

/// What an adapter's files say, for people.
enum InspectionText {
    private static let width = 12
    /// Modules, tensors and values of which more are summed up.
    private static let shown = 6

    static func print(_ adapter: AdapterInspection) {
        Swift.print("\(adapter.name)  (\(adapter.file))".withoutControls)
        line("family", families(adapter))
        line("from", adapter.origin)
        for (label, text) in scales(adapter) { line(label, text) }
        line(
            "targets",
            adapter.targets.map { $0.count > 1 ? "\($0.name) ×\($0.count)" : $0.name }.joined(separator: ", ")
        )
        line("base", base(adapter))
        line("size", size(adapter))
        printTraining(adapter.training)
        printHealth(adapter.health)
        for warning in adapter.warnings { line("note", warning) }
        if !adapter.unusedTensors.isEmpty {
            line(
                "unknown",
                "\(adapter.unusedTensors.count) tensors, such as \(adapter.unusedTensors.prefix(3).joined(separator: ", "))"
            )
        }
        Swift.print("  what other tools do with these files:")
        for forecast in adapter.elsewhere {
            Swift.print("    \(forecast.verdict.mark) \(forecast.tool.padded(to: 15))\(forecast.detail)")
        }
    }

    private static func line(_ label: String, _ text: String) {
        Swift.print("  \(label.padded(to: width))\(text.withoutControls)")
    }

    private static func families(_ adapter: AdapterInspection) -> String {
        adapter.families.map { "\($0.family) on \($0.modules) modules" }.joined(separator: ", ")
    }

    /// Rank, alpha and scale: one value each where the modules agree, else how many modules have which, and which ones.
    private static func scales(_ adapter: AdapterInspection) -> [(String, String)] {
        let ranks = adapter.distinct(\.rank).map { ("\($0.value)", $0.count) }
        let alphas = adapter.distinct(\.alpha).map { (Figures.plain($0.value), $0.count) }
        let scales = adapter.distinct(\.scale).map { (Figures.plain(($0.value * 1e4).rounded() / 1e4), $0.count) }
        var lines = [("rank", ranks), ("alpha", alphas), ("scale", scales)]
            .filter { !$0.1.isEmpty }.map { ($0.0, distribution($0.1)) }
        guard scales.count > 1 || ranks.count > 1, let usual = adapter.distinct(\.rank).first?.value else {
            return lines
        }
        let odd = adapter.modules.filter {
            $0.rank != nil && ($0.rank != usual || $0.scale != adapter.distinct(\.scale).first?.value)
        }
        for module in odd.prefix(shown) {
            let alpha = module.alpha.map { ", alpha \(Figures.plain($0))" } ?? ""
            lines.append(("", "\(module.module): rank \(module.rank ?? 0)\(alpha)"))
        }
        if odd.count > shown { lines.append(("", "… and \(odd.count - shown) more; --json lists all")) }
        return lines
    }

    private static func distribution(_ values: [(String, Int)]) -> String {
        guard values.count > 1 else { return values.first?.0 ?? "" }
        let parts = values.prefix(shown).map { "\($0.0) (\($0.1) modules)" }.joined(separator: ", ")
        return values.count > shown ? parts + ", …" : parts
    }

    private static func base(_ adapter: AdapterInspection) -> String {
        var parts: [String] = []
        if let variant = adapter.training.variant { parts.append("trained on \(variant)") }
        switch adapter.hiddenSize {
        case 2048?: parts.append("fits the 2B models (width 2048)")
        case 2560?: parts.append("fits the XL models (width 2560)")
        case let width?: parts.append("width \(width)")
        case nil: break
        }
        parts.append("\(adapter.layerCount) layers")
        if let name = adapter.training.baseModel { parts.append("says '\(name)'") }
        return parts.joined(separator: ", ")
    }

    private static func size(_ adapter: AdapterInspection) -> String {
        let megabytes = Figures.rounded(Double(adapter.byteCount) / 1e6, places: 1)
        let millions = Figures.rounded(Double(adapter.parameterCount) / 1e6, places: 2)
        return "\(megabytes) MB, \(millions) million numbers in \(adapter.dtypes.joined(separator: ", "))"
    }

    private static func printTraining(_ training: AdapterInspection.Training) {
        let wishes = [
            training.shift.map { "shift \(Figures.plain($0))" }, training.steps.map { "\($0) steps" },
            training.guidance.map { "guidance \(Figures.plain($0))" },
        ]
        let text = wishes.compactMap { $0 }.joined(separator: ", ")
        if !text.isEmpty { line("play with", text) }
        if let words = training.triggerWords { line("trigger", words) }
    }

    private static func printHealth(_ health: AdapterHealth) {
        if health.isSound {
            line(
                "health",
                "all numbers finite, the largest \(Figures.plain((health.largestMagnitude * 1e4).rounded() / 1e4))"
            )
        }
        for broken in health.notFinite.prefix(shown) {
            line("BROKEN", "\(broken.tensor) is NaN or infinite at element \(broken.index): the training diverged")
        }
        if health.notFinite.count > shown { line("BROKEN", "… and \(health.notFinite.count - shown) more tensors") }
        if !health.idleModules.isEmpty {
            line(
                "idle",
                "\(health.idleModules.count) modules are all zeros and do nothing, such as \(health.idleModules[0])"
            )
        }
    }
}

extension ToolForecast.Verdict {
    var mark: String {
        switch self {
        case .exact: "✓"
        case .scaled: "!"
        case .wrong, .refused: "✗"
        }
    }
}

extension String {
    /// The text with control characters escaped: names out of a stranger's file must not steer the terminal.
    var withoutControls: String {
        var result = ""
        for scalar in unicodeScalars {
            let isHarmless = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            result += isHarmless ? String(scalar) : scalar.escaped(asASCII: true)
        }
        return result
    }
}
