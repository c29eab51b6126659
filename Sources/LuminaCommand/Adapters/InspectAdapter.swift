// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import AdapterFormats
import ArgumentParser

/// `lumina adapters inspect`: the doctor for adapters.
struct InspectAdapter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say what an adapter is, whether it is sound, and what each tool will do with it.",
        discussion: """
            With --model it also measures what the adapter does to every layer. Two or more adapters are compared: where \
            they get into each other's way, and at which strengths together they would not be too much.
            """
    )

    @Argument(help: ArgumentHelp("Adapters: directories, .safetensors files or NAME[@VERSION].", valueName: "ref"))
    var adapters: [String]

    @OptionGroup var lookup: ReferenceOptions

    @Option(help: ArgumentHelp("The base, to measure the effect on it.", valueName: "dir"))
    var model: String?

    @Option(help: "Which model, where the directory holds several.")
    var variant: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if adapters.isEmpty { throw ValidationError("name an adapter") }
    }

    func run() async throws {
        let paths = try await lookup.paths(adapters, isQuiet: json)
        let (model, variant) = (model, variant)
        let result = try await Interruption.cancelling {
            try Inspection.make(paths, model: model, variant: variant)
        }
        if json { try JSONOutput.print(result) } else { result.print() }
    }
}

/// Everything that inspecting finds.
struct Inspection: Encodable, Sendable {
    /// One adapter.
    struct Entry: Encodable, Sendable {
        let files: AdapterInspection
        let effect: EffectReport?
    }

    let adapters: [Entry]
    let overlap: OverlapReport?

    static func make(_ paths: [String], model: String?, variant: String?) throws -> Inspection {
        let descriptions = try paths.map { try AdapterDescription(contentsOf: $0) }
        let base = try model.map { try DecoderFiles(path: $0, variant: variant).weights() }
        let entries = try descriptions.map { description in
            let files = try AdapterInspection(description)
            // Numbers that are not finite have no effect to measure; the files' part names them.
            let effect = files.health.notFinite.isEmpty ? try base.map { try EffectReport(description, base: $0) } : nil
            return Entry(files: files, effect: effect)
        }
        let isSound = entries.allSatisfy { $0.files.health.notFinite.isEmpty }
        let overlap =
            descriptions.count > 1 && isSound ? try base.map { try OverlapReport(descriptions, base: $0) } : nil
        return Inspection(adapters: entries, overlap: overlap)
    }

    func print() {
        for (position, entry) in adapters.enumerated() {
            if position > 0 { Swift.print("") }
            InspectionText.print(entry.files)
            if let effect = entry.effect { EffectText.print(effect) }
        }
        if let overlap { OverlapText.print(overlap) }
        if adapters.count > 1, overlap == nil {
            Swift.print("\nTo compare them, name their base with --model DIR.")
        }
    }
}
