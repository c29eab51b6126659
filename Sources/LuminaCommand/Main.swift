// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The root command.
struct LuminaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lumina",
        abstract: "Train, swap, blend and serve adapters for the ACE-Step 1.5 music model.",
        discussion: """
            Without --model, commands use a small model that is made on the first run, so that everything can be tried at once.
            """,
        version: LuminaVersion.current,
        subcommands: [Generate.self, Demo.self, Bench.self, Doctor.self]
    )
}

@main
enum Main {
    static func main() async {
        let status = await Termination.status {
            var command = try LuminaCommand.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        }
        Termination.exit(status)
    }
}
