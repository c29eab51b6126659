// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Training

/// `lumina small-model assemble`.
struct AssembleSmallModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assemble",
        abstract: "Write the small model as any checkpoint lies on disk, rounded to bfloat16.",
        discussion: "Takes the result of `small-model train`, or its newest state if it is not done."
    )

    @Option(help: ArgumentHelp("The folder in which the model was trained.", valueName: "dir"))
    var work: String

    @Option(help: ArgumentHelp("The folder to write; one that is there is replaced.", valueName: "dir"))
    var out: String

    func run() async throws {
        let (work, out) = (self.work, self.out)
        let bytes = try await TrainingThread().run { try SmallModelFolder(work).assemble(into: out) }
        print("\(out): \(bytes) bytes")
    }
}
