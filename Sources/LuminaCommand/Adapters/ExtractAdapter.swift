// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import ArgumentParser

/// `lumina adapters extract`.
struct ExtractAdapter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract",
        abstract: "Make a LoRA from what a fine-tuned checkpoint changed in its base.",
        discussion: "Example: lumina adapters extract --model base --tuned tuned --rank 64 --out lora/tuned"
    )

    @Option(help: ArgumentHelp("The base.", valueName: "dir"))
    var model: String

    @Option(help: ArgumentHelp("The same model after training, in either layout.", valueName: "dir"))
    var tuned: String

    @Option(help: "Which model, where the directories hold several.")
    var variant: String?

    @Option(help: "The LoRA's rank.")
    var rank = 64

    @Option(help: "The type to store it in: float32, bfloat16 or float16.")
    var dtype = WeightType.float32

    @Option(help: ArgumentHelp("The PEFT directory to write, which must not exist.", valueName: "dir"))
    var out: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        if !(1...4096).contains(rank) { throw ValidationError("--rank is \(rank); it must be 1 to 4096") }
    }

    func run() async throws {
        let (model, tuned, variant, rank, out, type) = (model, tuned, variant, rank, out, dtype.stored)
        let bar = ProgressBar(isQuiet: json)
        let report = try await Interruption.cancelling {
            defer { bar.finish() }
            let extraction = try LowRankExtraction(
                base: DecoderFiles(path: model, variant: variant).weights(),
                tuned: DecoderFiles(path: tuned, variant: variant).weights(),
                rank: rank,
                dtype: type
            )
            return try extraction.write(to: out) { bar.show("extracting", $0, of: $1) }
        }
        if json { return try JSONOutput.print(report) }
        let energies = report.layers.map(\.energy)
        let mean = energies.reduce(0, +) / Double(max(energies.count, 1))
        print("\(report.output): rank \(rank) on \(report.layers.count) modules")
        if let worst = report.layers.min(by: { $0.energy < $1.energy }) {
            print(
                "  holds \(Figures.rounded(mean * 100, places: 2)) % of the change's energy, at worst "
                    + "\(Figures.rounded(worst.energy * 100, places: 2)) % (\(worst.module))"
            )
        }
        if !report.leftOut.isEmpty {
            Console.warning(
                "\(report.leftOut.count) changed tensors are no LoRA's to hold: "
                    + report.leftOut.prefix(4).joined(separator: ", ")
            )
        }
    }
}
