// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MusicSynthesis

/// Which of the synthesised songs a command is about.
struct CorpusOptions: ParsableArguments {
    @Option(help: "Another seed gives other songs.")
    var seed: UInt64 = 0

    @Option(help: "How many songs.")
    var count = 16

    @Option(
        help: ArgumentHelp(
            "Which styles occur, by commas: base, all, or \(Style.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "list"
        )
    )
    var styles = "base"

    @Option(
        help: "training or held-out: combinations of style, drums, key and tempo that no song of the other part has."
    )
    var part: Corpus.Part?

    @Option(help: "Whole seconds of a song: a number, or two with a dash between.")
    var seconds = "6-10"

    @Option(help: "Of a hundred captions so many do not say what plays.")
    var unnamed = 0

    func validate() throws {
        guard (0...100).contains(unnamed) else { throw ValidationError("--unnamed is \(unnamed); it must be 0 to 100") }
        guard (1...1_000_000).contains(count) else {
            throw ValidationError("--count is \(count); it must be 1 to 1000000")
        }
        _ = try (listedStyles(), range())
    }

    /// The corpus that they come from.
    ///
    /// - Parameter usual: the part that it is unless told.
    /// - Returns: the corpus.
    /// - Throws: `ValidationError` if an option makes no sense.
    func corpus(_ usual: Corpus.Part) throws -> Corpus {
        Corpus(
            seed: seed,
            styles: try listedStyles(),
            part: part ?? usual,
            seconds: try range(),
            unnamedPercent: unnamed
        )
    }

    private func listedStyles() throws -> [Style] {
        switch styles {
        case "base": return Style.base
        case "all": return Style.allCases
        default:
            return try styles.split(separator: ",").map { name in
                let name = name.split(separator: " ").joined(separator: " ")
                guard let style = Style(rawValue: name) else {
                    throw ValidationError("--styles: '\(name)' is none; see --help for their names")
                }
                return style
            }
        }
    }

    private func range() throws -> ClosedRange<Int> {
        let ends = seconds.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard let first = ends.first, let last = ends.last, ends.count <= 2, first >= 1, first <= last, last <= 600
        else {
            throw ValidationError("--seconds is \(seconds); it must be 1 to 600, such as 8 or 6-10")
        }
        return first...last
    }
}

extension Corpus.Part: ExpressibleByArgument {}
