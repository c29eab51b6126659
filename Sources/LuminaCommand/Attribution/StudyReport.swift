// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Attribution
import Foundation
import Pictures

/// What a study leaves: JSON, Markdown, a table of every value, a picture as PNG and SVG; and what it prints.
struct StudyReport {
    let study: Study
    let result: StudyResult
    let tables: StudyTables
    var promotion: Promotion.Outcome?

    init(_ study: Study) throws {
        self.study = study
        let configuration = study.configuration
        func results(_ adapter: StudiedAdapter) throws -> [[TrajectoryDistance.Result]] {
            try configuration.prompts.indices.map { prompt in
                try study.mark(of: .comparison(adapter, prompt: prompt))?.results ?? []
            }
        }
        result = try StudyResult(
            configuration,
            parts: study.parts,
            found: study.parts.map { try results(.without($0)) },
            again: configuration.trainsAgain ? results(.again) : nil
        )
        tables = StudyTables(result)
    }

    /// Writes all files.
    ///
    /// - Returns: their paths.
    func write() throws -> [String] {
        let path = study.folder.results
        let files: [(String, String)] = [
            (path + ".md", tables.markdown(title: "Attribution: \(study.adapterFolder(.all))")),
            (path + ".csv", tables.csv),
        ]
        for (path, text) in files {
            do {
                try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            } catch {
                throw AttributionError.file(path: path, reason: error.localizedDescription)
            }
        }
        let pictures = try StudyPicture(result, tables, configuration: study.configuration).drawing().write(to: path)
        let all = [path + ".json"] + files.map(\.0) + pictures
        try JSONOutput.write(document(files: all), to: path + ".json")
        return all
    }

    /// Prints the tables, or the whole as JSON.
    func print(files: [String], asJSON: Bool) throws {
        if asJSON { return try JSONOutput.print(document(files: files)) }
        RegistryOutput.table(StudyTables.verdictHead, tables.verdictRows)
        Swift.print("")
        RegistryOutput.table(tables.influenceHead, tables.influenceRows)
        Swift.print("")
        if let again = result.again {
            let means = result.table.means.joined().reduce(0, +) / Double(max(1, result.table.means.joined().count))
            let chance = (again.means.first ?? []).reduce(0, +) / Double(max(1, again.prompts.count))
            Swift.print(
                "Another seed of the training moves prompts by \(Figures.rounded(chance, places: 4)) on average, "
                    + "leaving a part out by \(Figures.rounded(means, places: 4))."
            )
        }
        Swift.print(
            "\(study.adapterFolder(.all)) \(result.verdict.passes ? "passes" : "fails"): \(study.folder.results).png"
        )
        if let promotion { Swift.print(promotion.description) }
    }

    // MARK: JSON

    struct Document: Encodable {
        struct Part: Encodable {
            let part: String
            let passes: Bool
            let hits: Int
            let required: Int
            let ranks: [Int]
            let candidates: Int
            let margin: Double?
            let chance: Double
        }

        struct Row: Encodable {
            let leftOut: String
            let prompt: String
            let promptPart: String?
            let mean: Double
            let meanRelative: Double?
            let seeds: [Double]
            let steps: [Double]

            private enum CodingKeys: String, CodingKey {
                case prompt, mean, seeds, steps
                case leftOut = "left_out"
                case promptPart = "prompt_part"
                case meanRelative = "mean_relative"
            }
        }

        struct Rule: Encodable {
            let rank: String
            let relative: Bool
            let margin: Double
            let seeds: Double
        }

        let passes: Bool
        let adapter: String
        let model: String
        let rule: Rule
        let points: String
        let stepWeights: [Double]
        let relativeError: Double
        let seeds: [UInt64]
        let parts: [Part]
        let unjudged: [String]
        let influences: [Row]
        let again: [Double]?
        let promotion: Promotion.Outcome?
        let files: [String]

        private enum CodingKeys: String, CodingKey {
            case passes, adapter, model, rule, points, seeds, parts, unjudged, influences, again, promotion, files
            case stepWeights = "step_weights"
            case relativeError = "relative_error"
        }
    }

    private func document(files: [String]) -> Document {
        let (table, rule) = (result.table, result.verdict.rule)
        let relative = table.relative.means
        return Document(
            passes: result.verdict.passes,
            adapter: study.adapterFolder(.all),
            model: study.files.name,
            rule: .init(
                rank: rule.ranking.rawValue,
                relative: rule.isRelative,
                margin: rule.requiredMargin,
                seeds: rule.requiredShare
            ),
            points: study.configuration.comparison.distance.points.rawValue,
            stepWeights: result.weights,
            relativeError: result.relativeError,
            seeds: table.seeds,
            parts: result.verdict.parts.map {
                .init(
                    part: $0.name,
                    passes: $0.passes,
                    hits: $0.hits,
                    required: $0.required,
                    ranks: $0.ranks,
                    candidates: $0.candidates,
                    margin: $0.margin.isFinite ? $0.margin : nil,
                    chance: $0.chance
                )
            },
            unjudged: result.verdict.unjudged,
            influences: table.parts.indices.flatMap { part in
                table.prompts.indices.map { prompt in
                    .init(
                        leftOut: table.parts[part],
                        prompt: table.prompts[prompt].name,
                        promptPart: table.prompts[prompt].part,
                        mean: table.means[part][prompt],
                        meanRelative: relative[part][prompt].isFinite ? relative[part][prompt] : nil,
                        seeds: table.values[part][prompt],
                        steps: result.steps[part][prompt]
                    )
                }
            },
            again: result.again?.means.first,
            promotion: promotion,
            files: files
        )
    }
}
