// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Engine

/// `lumina doctor`: what is installed, what device there is, what is missing and how to get it.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what is installed, what is missing, and how to get it."
    )

    @Option(help: "Also look at this checkpoint.")
    var model: String?

    @Option(help: "Which model, where the directory holds several.")
    var variant: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let report = SystemReport.make(model: model, variant: variant)
        if json {
            try JSONOutput.print(report)
        } else {
            for finding in report.findings {
                print("\(finding.status.mark) \(finding.what.padded(to: 14)) \(finding.detail)")
                if let advice = finding.advice { print("".padded(to: 17) + "→ " + advice) }
            }
        }
        if report.findings.contains(where: { $0.status == .missing }) { throw ExitCode(Termination.failed) }
    }
}

extension SystemReport.Status {
    var mark: String {
        switch self {
        case .good: "✓"
        case .note: "·"
        case .missing: "✗"
        }
    }
}
