// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import AdapterFormats
import ArgumentParser
import Engine

/// `lumina adapters merge`.
struct MergeAdapters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Bake a blend of adapters into a copy of a checkpoint.",
        discussion: """
            Example: lumina adapters merge --model checkpoints --adapter voice=0.7 --adapter style=0.3 --out merged

            Each weight becomes W + Σ w·(W′ − W), rounded once to the type that the checkpoint stores.
            """
    )

    @Option(help: ArgumentHelp("The checkpoint, in either layout; it is not changed.", valueName: "dir"))
    var model: String

    @Option(help: "Which model, where the directory holds several.")
    var variant: String?

    @Option(
        name: .customLong("adapter"),
        help: ArgumentHelp("An adapter, with a strength if not 1. Repeatable.", valueName: "ref[=w]")
    )
    var adapters: [String]

    @OptionGroup var lookup: ReferenceOptions

    @Option(help: ArgumentHelp("The new checkpoint's directory, which must not exist.", valueName: "dir"))
    var out: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        if adapters.isEmpty { throw ValidationError("name at least one --adapter") }
    }

    func run() async throws {
        let references = try await lookup.resolve(adapters.map(AdapterReference.init(parsing:)), isQuiet: json)
        let (model, variant, out) = (model, variant, out)
        let bar = ProgressBar(isQuiet: json)
        let report = try await Interruption.cancelling {
            defer { bar.finish() }
            let files = try DecoderFiles(path: model, variant: variant)
            let blend = try references.map {
                WeightedAdapter(
                    try AdapterDescription(contentsOf: $0.resolution?.path ?? $0.reference),
                    weight: $0.weight
                )
            }
            let merge = try CheckpointMerge(base: files.weights(), adapters: blend) { bar.show("merging", $0, of: $1) }
            return try merge.write(files.trees, to: out)
        }
        if json { return try JSONOutput.print(report) }
        let gigabytes = Figures.rounded(Double(report.writtenBytes) / 1e9, places: 2)
        print("\(report.output): \(report.changedTensors) tensors changed, \(gigabytes) GB written")
        print("  \(report.keptFiles) other files were linked or copied")
    }
}
