// SPDX-License-Identifier: Apache-2.0

import ACEStep
import ArgumentParser
import Engine
import FoundationEssentials

/// `lumina demo`: base, two adapters, a blend of both, and the base again, which must be the same bits.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the whole story on a small model: base, adapters, a blend, and the base again, bit for bit."
    )

    @Option(help: ArgumentHelp("Where the audio files go.", valueName: "dir"))
    var out = "demo-output"

    @Option(help: "Seconds of music in each file.")
    var duration = 5.0

    @Option(help: "Where the noise of every file comes from.")
    var seed: UInt64 = 42

    @Flag(help: "Print the table as JSON.")
    var json = false

    func run() async throws {
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        let request = MusicRequest(tags: "jazz, piano trio, warm", duration: duration, seed: seed)
        try request.validate()
        let (out, isQuiet) = (out, json)
        let story = try await Interruption.cancelling { try await DemoStory.tell(request, into: out, isQuiet: isQuiet) }
        if json { try JSONOutput.print(story) } else { story.printTable() }
        guard story.isBaseRestored else {
            throw OutputError(path: out, reason: "the base after the adapters differs from the base before them")
        }
    }
}
