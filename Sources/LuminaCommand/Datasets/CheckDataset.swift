// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets

/// `lumina dataset check`.
struct CheckDataset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say what is wrong with each song before training; ends with 1 if one cannot be used."
    )

    @OptionGroup var dataset: DatasetOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let report = try DatasetReport.make(await dataset.read())
        if json {
            try JSONOutput.print(report.findings)
        } else {
            for finding in report.findings {
                let place = finding.path.isEmpty || finding.message.contains(finding.path) ? "" : finding.path + ": "
                print("\(finding.isError ? "error: " : "note: ")\(place)\(finding.message)")
            }
            let errors = report.findings.count { $0.isError }
            print("\(report.songs) songs, \(errors) errors, \(report.findings.count - errors) notes")
        }
        if report.hasErrors { throw ExitCode(Termination.failed) }
    }
}

/// `lumina dataset stats`.
struct DatasetStatistics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Count songs, minutes, genres, languages and sample rates."
    )

    @OptionGroup var dataset: DatasetOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let report = try DatasetReport.make(await dataset.read())
        if json { return try JSONOutput.print(report) }
        print("\(report.songs) songs, \(Figures.rounded(report.seconds / 60, places: 1)) minutes")
        if let shortest = report.shortest, let longest = report.longest {
            print("  from \(Figures.seconds(shortest)) to \(Figures.seconds(longest))")
        }
        print(
            "  \(report.captioned) with a caption, \(report.withTempo) with a tempo, \(report.instrumental) instrumental"
        )
        for (title, counts) in [
            ("genres", report.genres), ("languages", report.languages),
            ("sample rates", Dictionary(uniqueKeysWithValues: report.sampleRates.map { ("\($0)", $1) })),
        ] where !counts.isEmpty {
            print("  \(title): \(Self.text(of: counts))")
        }
        let unreadable = report.findings.count { $0.isError }
        if unreadable > 0 { print("  \(unreadable) cannot be read; `lumina dataset check` says why") }
    }

    /// The most frequent first.
    private static func text(of counts: [String: Int]) -> String {
        let entries = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return entries.map { ($0.key.isEmpty ? "none" : $0.key) + " \($0.value)" }.joined(separator: ", ")
    }
}
