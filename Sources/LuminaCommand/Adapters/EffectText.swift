// SPDX-License-Identifier: Apache-2.0

import AdapterConversion

/// How much an adapter changes each block, as a table and a heat map.
enum EffectText {
    private static let shades: [Character] = ["·", "░", "▒", "▓", "█"]
    /// Rows of the table; deeper models are summed up by the heat map.
    private static let maximumRows = 48
    private static let shown = 6

    static func print(_ effect: EffectReport) {
        Swift.print(
            "  covers      "
                + effect.coverage.filter { $0.total > 0 }
                .map { "\($0.group) \($0.changed)/\($0.total)" }.joined(separator: ", ")
        )
        if !effect.unmatched.isEmpty {
            Swift.print(
                "  UNMATCHED   \(effect.unmatched.count) modules that the base does not have, such as \(effect.unmatched[0].withoutControls)"
            )
        }
        printTable(effect)
        printMap(effect)
        for remark in ["dead", "exploding"] {
            let layers = effect.layers.filter { $0.remark == remark }
            guard let first = layers.first else { continue }
            let list = layers.prefix(shown).map { "\($0.module) (\(percent($0.relativeChange)))" }.joined(
                separator: ", "
            )
            Swift.print("  \(remark.padded(to: 12))\(layers.count): \(layers.count == 1 ? first.module : list)")
        }
    }

    private static func groups(_ effect: EffectReport) -> [String] {
        EffectReport.groups.filter { group in group != "other" && effect.layers.contains { $0.group == group } }
    }

    private static func printTable(_ effect: EffectReport) {
        let groups = groups(effect)
        guard !groups.isEmpty else { return }
        Swift.print("\n  ‖ΔW‖/‖W‖  " + groups.map { $0.leftPadded(to: 10) }.joined())
        for layer in 0..<min(effect.layerCount, maximumRows) {
            let cells = groups.map { group in
                (effect.change(layer: layer, group: group).map(percent) ?? "–").leftPadded(to: 10)
            }
            Swift.print("  layer \(String(layer).padded(to: 4))" + cells.joined())
        }
        for layer in effect.layers where layer.layer == nil {
            Swift.print("  \(layer.module.padded(to: 26))\(percent(layer.relativeChange))")
        }
    }

    /// One column for each layer, one row for each group; darker is more, relative to the largest.
    private static func printMap(_ effect: EffectReport) {
        let groups = groups(effect)
        let largest =
            groups.flatMap { group in
                (0..<effect.layerCount).compactMap { effect.change(layer: $0, group: group) }
            }.max() ?? 0
        guard largest > 0 else { return }
        Swift.print("")
        for group in groups {
            let cells = (0..<effect.layerCount).map { layer -> Character in
                guard let change = effect.change(layer: layer, group: group) else { return " " }
                return shades[min(shades.count - 1, Int(change / largest * Double(shades.count)))]
            }
            Swift.print("  \(group.padded(to: 6))│\(String(cells))│")
        }
        Swift.print("  layer  0 … \(effect.layerCount - 1), darkest \(percent(largest))\n")
    }

    static func percent(_ share: Double) -> String {
        let value = share * 100
        return "\(Figures.rounded(value, places: value < 0.1 ? 4 : value < 10 ? 2 : 1)) %"
    }
}

/// How adapters get into each other's way.
enum OverlapText {
    private static let shown = 5

    static func print(_ overlap: OverlapReport) {
        Swift.print("\nTogether")
        for pair in overlap.pairs {
            let verdict =
                abs(pair.cosine) < 0.1
                ? "nearly independent" : pair.cosine > 0 ? "pull the same way" : "pull against each other"
            Swift.print(
                "  \(pair.first) and \(pair.second): \(verdict) (cosine \(Figures.rounded(pair.cosine, places: 2)))"
            )
            for layer in pair.layers.sorted(by: { $0.sharedOutput > $1.sharedOutput }).prefix(shown) {
                let angle = Figures.rounded(layer.smallestAngle, places: 0)
                let shared = Figures.rounded(layer.sharedOutput * 100, places: 0)
                Swift.print(
                    "    \(layer.module.padded(to: 30)) shares \(shared) % of its directions, smallest angle \(angle)°, "
                        + "cosine \(Figures.rounded(layer.cosine, places: 2))"
                )
            }
        }
        let factor = Figures.rounded(overlap.overdrive, places: 2)
        guard overlap.suggestedWeights.contains(where: { $0 < 1 }) else {
            return Swift.print(
                "  at strength 1 each they change the base \(factor) times as much as the strongest alone: fine"
            )
        }
        let weights = zip(overlap.adapters, overlap.suggestedWeights).map { "\($0)=\(Figures.rounded($1, places: 2))" }
        Swift.print(
            "  at strength 1 each they change the base \(factor) times as much as the strongest alone: too much"
        )
        Swift.print("  suggested: \(weights.joined(separator: " "))")
    }
}
