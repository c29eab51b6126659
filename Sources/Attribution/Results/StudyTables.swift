// SPDX-License-Identifier: Apache-2.0

/// A study's result as tables of text.
package struct StudyTables {
    private let result: StudyResult
    private let shown: InfluenceTable

    /// Tables of a result.
    package init(_ result: StudyResult) {
        self.result = result
        shown = result.verdict.rule.isRelative && result.table.parts.count > 1 ? result.table.relative : result.table
    }

    /// The numbers that the verdict is about.
    package var judged: InfluenceTable { shown }

    /// What the numbers are.
    package var valueName: String { shown == result.table ? "influence" : "relative influence" }

    /// The heads of ``verdictRows``.
    package static let verdictHead = ["part", "first in", "needs", "margin", "by chance", ""]

    /// A row for each part.
    package var verdictRows: [[String]] {
        result.verdict.parts.map { part in
            [
                part.name, "\(part.hits) of \(part.ranks.count)", "\(part.required)",
                Self.number(part.margin, places: 2),
                part.chance < 1e-4 ? "< 0.0001" : Self.number(part.chance, places: 4), part.passes ? "passes" : "fails",
            ]
        } + result.verdict.unjudged.map { [$0, "–", "–", "–", "–", "has no prompts"] }
    }

    /// The heads of ``influenceRows``.
    package var influenceHead: [String] { ["left out"] + shown.prompts.map(\.name) }

    /// A row of means over the seeds for each part.
    package var influenceRows: [[String]] {
        zip(shown.parts, shown.means).map { part, means in [part] + means.map { Self.number($0, places: 3) } }
    }

    /// All of it as Markdown.
    ///
    /// - Parameter title: the first line.
    /// - Returns: the document.
    package func markdown(title: String) -> String {
        var text = "# \(Self.escaped(title))\n\n"
        text += result.verdict.passes ? "The adapter **passes**." : "The adapter **fails**."
        text += " Seeds in which a part is first, among what it is ranked with:\n\n"
        text += Self.markdown(Self.verdictHead, verdictRows)
        text += "\n\(valueName == "influence" ? "Influence" : "Relative influence") of the part that was left out "
        text += "on each prompt, means over \(shown.seeds.count) seeds:\n\n"
        text += Self.markdown(influenceHead, influenceRows)
        if let again = result.again, shown == result.table {
            text += Self.markdownRow(["(again)"] + (again.means.first ?? []).map { Self.number($0, places: 3) })
        }
        return text
    }

    private static func markdown(_ head: [String], _ rows: [[String]]) -> String {
        markdownRow(head) + markdownRow(head.indices.map { $0 == 0 ? "---" : "---:" }) + rows.map(markdownRow).joined()
    }

    private static func markdownRow(_ cells: [String]) -> String {
        "| " + cells.map(escaped).joined(separator: " | ") + " |\n"
    }

    private static func escaped(_ cell: String) -> String {
        String(cell.flatMap { $0 == "|" ? "\\|" : $0.isNewline ? " " : String($0) })
    }

    /// Every value, a line for each part, prompt and seed, as RFC 4180 writes tables.
    package var csv: String {
        var text = "left_out,prompt,prompt_part,seed,influence,relative_influence\r\n"
        let relative = result.table.relative
        for part in result.table.parts.indices {
            for prompt in result.table.prompts.indices {
                for seed in result.table.seeds.indices {
                    let cells = [
                        result.table.parts[part], result.table.prompts[prompt].name,
                        result.table.prompts[prompt].part ?? "", String(result.table.seeds[seed]),
                        "\(result.table.values[part][prompt][seed])", "\(relative.values[part][prompt][seed])",
                    ]
                    text += cells.map(Self.quoted).joined(separator: ",") + "\r\n"
                }
            }
        }
        return text
    }

    private static func quoted(_ cell: String) -> String {
        guard cell.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return cell }
        return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// A number with a fixed count of decimal places.
    static func number(_ value: Double, places: Int) -> String {
        guard value.isFinite, value.magnitude < 1e12 else { return value == .infinity ? "∞" : "–" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((value.magnitude * scale).rounded())
        let digits = String(repeating: "0", count: max(0, places + 1 - String(scaled).count)) + String(scaled)
        return (value < 0 && scaled > 0 ? "-" : "") + digits.dropLast(places) + "." + digits.suffix(places)
    }
}
