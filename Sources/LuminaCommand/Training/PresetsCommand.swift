// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import ArgumentParser
import FoundationEssentials
import TrainingRuns

/// `lumina presets`: settings of training under names.
struct PresetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "presets",
        abstract: "Settings of training under names: list, show, save.",
        subcommands: [List.self, Show.self, Save.self],
        defaultSubcommand: List.self
    )

    /// The user's presets, then Side-Step's own.
    static var library: PresetLibrary {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        let base = home ?? environment["HOME"].map { $0 + "/.config" }
        return PresetLibrary(directories: base.map { [$0 + "/lumina/presets", $0 + "/sidestep/presets"] } ?? [])
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all presets.")

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let presets = PresetsCommand.library.all()
            guard json else {
                let width = presets.map(\.preset.name.count).max() ?? 0
                for (preset, path) in presets {
                    let place = path.map { " (\($0))" } ?? ""
                    print("\(preset.name.padded(to: width))  \(preset.description)\(place)")
                }
                return
            }
            let list = presets.map { preset, path -> JSONValue in
                var object = preset.file
                object.set("path", path.json)
                return .object(object)
            }
            print(String(decoding: JSONText.pretty(.array(list)), as: UTF8.self), terminator: "")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a preset's file.")

        @Argument(help: "The preset's name, or a JSON file.")
        var name: String

        func run() throws {
            var warnings: [String] = []
            let preset = try PresetsCommand.library.preset(name, warnings: &warnings)
            for warning in warnings { Console.warning(warning) }
            print(String(decoding: JSONText.pretty(.object(preset.file)), as: UTF8.self), terminator: "")
        }
    }

    struct Save: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Save a run's settings as a preset, without its paths.",
            discussion: "Example: lumina presets save mine --from out/final/training_args.json"
        )

        @Argument(help: "The preset's name.")
        var name: String

        @Option(help: ArgumentHelp("The settings: training_args.json or any --config file.", valueName: "file"))
        var from: String

        @Option(help: "What the preset is for.")
        var description = ""

        @Flag(help: "Replace a preset of the same name.")
        var force = false

        func run() throws {
            var warnings: [String] = []
            let settings = try TrainingSettings(JSONFile.read(from), source: from, warnings: &warnings)
            let check = SettingsCheck(settings)
            try check.validate()
            for warning in warnings + check.warnings { Console.warning(warning) }
            let preset = Preset(differencesOf: settings, name: name, description: description)
            let path = try PresetsCommand.library.save(preset, replacing: force)
            print(path)
        }
    }
}
