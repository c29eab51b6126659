// SPDX-License-Identifier: Apache-2.0

import Attribution
import Pictures

/// The picture of a study: influences with the parts' own prompts marked, distances over the steps, seeds that are hits.
struct StudyPicture {
    private let result: StudyResult
    private let tables: StudyTables
    private let configuration: StudyConfiguration

    init(_ result: StudyResult, _ tables: StudyTables, configuration: StudyConfiguration) {
        (self.result, self.tables, self.configuration) = (result, tables, configuration)
    }

    func drawing() throws -> Drawing {
        let table = tables.judged
        let map = HeatMap(
            title: "What leaving a part out moves",
            rowName: "left out",
            columnName: "prompt",
            valueName: tables.valueName,
            rows: table.parts,
            columns: table.prompts.map(\.name),
            values: table.means,
            marked: table.parts.indices.flatMap { part in
                table.prompts.indices.filter { table.prompts[$0].part == table.parts[part] }.map { (part, $0) }
            }
        )
        let height = min(700, 150 + 30 * Double(table.parts.count))
        return try PanelGrid(
            title: "Which part of the data taught what",
            subtitle:
                "\(table.parts.count) parts, \(table.prompts.count) prompts, \(table.seeds.count) seeds: the adapter "
                + (result.verdict.passes ? "passes" : "fails"),
            columns: 2,
            rows: [.init(height: height, [.init(map, columns: 2)]), .init(height: 290, [.init(curves), .init(bars)])],
            note: "Steps weigh \(configuration.comparison.weights.summary). Points: "
                + "\(configuration.comparison.distance.points.rawValue). Outlines mark each part's own prompts."
        ).drawing()
    }

    /// For each part the mean of its own prompts and that of the others; of many parts the mean over all.
    private var curves: LineChart {
        let table = result.table
        func mean(_ rows: [[Double]]) -> [(x: Double, y: Double)] {
            result.weights.indices.map { step in
                (x: Double(step + 1), y: rows.reduce(0) { $0 + $1[step] } / Double(max(rows.count, 1)))
            }
        }
        var series: [LineChart.Series] = []
        let isMany = table.parts.count > 4
        let groups = isMany ? [Array(table.parts.indices)] : table.parts.indices.map { [$0] }
        for (number, group) in groups.enumerated() {
            func rows(_ own: Bool) -> [[Double]] {
                group.flatMap { part in
                    table.prompts.indices.filter { (table.prompts[$0].part == table.parts[part]) == own }
                        .map { result.steps[part][$0] }
                }
            }
            let name = isMany ? "all parts" : table.parts[group[0]]
            let color = Palette.series(number)
            for (rows, kind) in [(rows(true), "own prompts"), (rows(false), "others")] where !rows.isEmpty {
                series.append(.init("\(name), \(kind)", mean(rows), color: color, isDashed: kind == "others"))
            }
        }
        if let again = result.againSteps {
            series.append(
                .init("all, another seed of the training", mean(again), color: Color(0x000000), isDashed: true)
            )
        }
        var chart = LineChart(title: "Distance over the denoising", x: "step", y: "distance", series: series)
        chart.includesZero = true
        return chart
    }

    /// The share of seeds that are hits, with Wilson's interval of 95 %.
    private var bars: BarChart {
        var chart = BarChart(
            title: "Seeds in which a part comes first",
            valueName: "share of the seeds",
            bars: result.verdict.parts.map { part in
                .init(
                    part.name,
                    Double(part.hits) / Double(max(1, part.ranks.count)),
                    interval: Self.interval(part.hits, of: part.ranks.count),
                    color: part.passes ? Palette.series[2] : Palette.series[1]
                )
            },
            threshold: result.verdict.rule.requiredShare
        )
        chart.reach = 1
        return chart
    }

    private static func interval(_ hits: Int, of count: Int) -> ClosedRange<Double>? {
        guard count > 0 else { return nil }
        let (n, share, z) = (Double(count), Double(hits) / Double(count), 1.96)
        let middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        return max(0, middle - half)...min(1, middle + half)
    }
}
