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
        subcommands: [
            Generate.self, AdaptersCommand.self, Export.self, DatasetCommand.self, Preprocess.self, Train.self,
            PresetsCommand.self, Attribute.self, RegistryCommand.self, ModelsCommand.self, Demo.self, Bench.self,
            BenchTraining.self,
            Doctor.self, SmallModelCommand.self,
        ]
    )

    func run() async throws {
        guard Menu.isPossible else { throw CleanExit.helpRequest(self) }
        guard let arguments = try Menu().choose() else { return }
        try await Self.run(arguments)
    }

    /// Parses arguments and runs the command that they name.
    ///
    /// - Parameter arguments: without the program's name; nil takes the process's own.
    /// - Throws: what parsing and the command throw.
    static func run(_ arguments: [String]? = nil) async throws {
        var command = try parseAsRoot(arguments)
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }
}

@main
enum Main {
    static func main() async {
        let status = await Termination.status { try await LuminaCommand.run() }
        Termination.exit(status)
    }
}
