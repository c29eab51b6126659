// SPDX-License-Identifier: Apache-2.0

public import AdapterConversion
import AdapterFormats
public import ArgumentParser
import Checkpoints
import FoundationEssentials
import Registry

/// What converting and exporting have in common.
struct ConversionArguments: ParsableArguments {
    @Option(help: ArgumentHelp("The base that the adapter was trained for; DoRA and OFT need it.", valueName: "dir"))
    var model: String?

    @Option(help: "Which model, where the directory holds several.")
    var variant: String?

    @OptionGroup var lookup: ReferenceOptions

    @Option(
        help: ArgumentHelp("Approximate by a LoRA of this rank what the target has no terms for.", valueName: "rank")
    )
    var rank: Int?

    @Option(help: "The type of tensors that are computed: float32, bfloat16 or float16; the adapter's own if absent.")
    var dtype: WeightType?

    @Flag(help: "Leave out tensors without a known meaning, and modules that the base lacks.")
    var allowPartial = false

    @Option(help: ArgumentHelp("Write the check of every layer as JSON.", valueName: "file"))
    var report: String?

    @Option(help: ArgumentHelp("Write a ComfyUI workflow that plays the adapter.", valueName: "file"))
    var workflow: String?

    @Flag(help: "Print the check of every layer as JSON.")
    var json = false

    func validate() throws {
        if let rank, !(1...4096).contains(rank) { throw ValidationError("--rank is \(rank); it must be 1 to 4096") }
    }
}

/// `lumina adapters convert`.
struct ConvertAdapter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write an adapter for another tool, and check the file by that tool's rules.",
        discussion: "Example: lumina adapters convert runs/jazz/final --to comfyui --out jazz.safetensors"
    )

    @Argument(help: ArgumentHelp("The adapter: a directory, a .safetensors file or NAME[@VERSION].", valueName: "ref"))
    var adapter: String

    @Option(name: .customLong("to"), help: "The tool: \(ConversionTarget.allValueStrings.joined(separator: ", ")).")
    var target: ConversionTarget

    @OptionGroup var arguments: ConversionArguments

    @Option(help: ArgumentHelp("The file to write; for peft a directory.", valueName: "path"))
    var out: String

    func validate() throws {
        if arguments.workflow != nil, target != .comfyui { throw ValidationError("--workflow belongs to --to comfyui") }
    }

    func run() async throws {
        try await ConversionRun(adapter: adapter, target: target, output: out, arguments: arguments).run()
    }
}

/// `lumina export`: the usual conversion under the name that people look for.
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write an adapter for ComfyUI, and check the file by ComfyUI's rules.",
        discussion: "Takes PEFT and Side-Step directories and single files: lumina export runs/jazz/final"
    )

    @Argument(help: ArgumentHelp("The adapter: a directory, a .safetensors file or NAME[@VERSION].", valueName: "ref"))
    var adapter: String

    @Option(
        help: ArgumentHelp(
            "The file to write; NAME_comfyui.safetensors beside the adapter, or here for a name, if absent.",
            valueName: "file"
        )
    )
    var output: String?

    @OptionGroup var arguments: ConversionArguments

    func run() async throws {
        let output = try output ?? Self.standardOutput(for: adapter)
        try await ConversionRun(adapter: adapter, target: .comfyui, output: output, arguments: arguments).run()
    }

    /// Beside the adapter under the adapter's name: `runs/jazz/final` gives `runs/jazz/final_comfyui.safetensors`.
    private static func standardOutput(for adapter: String) throws -> String {
        var path = Substring(adapter)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        if path.hasSuffix(".safetensors") { path = path.dropLast(".safetensors".count) }
        guard let last = path.split(separator: "/").last, last != ".", last != ".." else {
            throw ValidationError("name the file to write with --output")
        }
        // What comes from a registry lies beside nothing of the user's.
        guard case .named(let name, _) = try Reference(String(path)) else { return path + "_comfyui.safetensors" }
        return "\(name)_comfyui.safetensors"
    }
}

/// One conversion, from its arguments to what is printed about it.
struct ConversionRun {
    let adapter: String
    let target: ConversionTarget
    let output: String
    let arguments: ConversionArguments

    func run() async throws {
        var options = ConversionOptions(target: target)
        options.approximationRank = arguments.rank
        options.dtype = arguments.dtype?.stored
        options.allowPartial = arguments.allowPartial
        let adapter = try await arguments.lookup.paths([adapter], isQuiet: arguments.json)[0]
        let (output, model, variant) = (output, arguments.model, arguments.variant)
        let chosen = options
        let (report, facts, isTurbo) = try await Interruption.cancelling {
            let description = try AdapterDescription(contentsOf: adapter)
            let files = try model.map { try DecoderFiles(path: $0, variant: variant) }
            var conversion = try Conversion(description, base: files?.weights(), options: chosen)
            return (try conversion.write(to: output), description.training, files?.isTurbo)
        }
        if let path = arguments.report { try JSONOutput.write(report, to: path) }
        if let path = arguments.workflow { try writeWorkflow(to: path, facts, isTurbo: isTurbo) }
        if arguments.json { try JSONOutput.print(report) } else { printSummary(report) }
    }

    private func writeWorkflow(to path: String, _ facts: TrainingFacts, isTurbo: Bool?) throws {
        let isTurbo = isTurbo ?? facts.modelVariant.map { $0.contains("turbo") } ?? true
        let name = output.split(separator: "/").last.map(String.init) ?? output
        let workflow = ComfyUIWorkflow(
            adapter: name,
            isTurbo: isTurbo,
            shift: facts.shift,
            steps: facts.inferenceSteps,
            guidance: facts.guidanceScale,
            tags: facts.triggerWord ?? "jazz, piano trio, warm"
        )
        try JSONOutput.write(workflow, to: path)
        Console.write("put \(name) into ComfyUI's models/loras, drop \(path) onto its window, choose your checkpoint")
    }

    private func printSummary(_ report: ConversionReport) {
        let megabytes = Figures.rounded(Double(report.byteCount) / 1e6, places: 1)
        print("\(report.output): \(report.layers.count) modules for \(target.displayName), \(megabytes) MB")
        if let worst = report.worst {
            print(
                "  read back by \(target == .diff ? "ComfyUI" : target.displayName)'s rules: largest error \(Self.scientific(worst.error)) of the "
                    + "effect, in \(worst.module) (\(worst.method))"
            )
        }
        for note in report.notes { print("  note: \(note)") }
    }

    private static func scientific(_ value: Double) -> String {
        guard value > 0 else { return "0" }
        var (mantissa, exponent) = (value, 0)
        while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        return exponent == 0
            ? Figures.rounded(mantissa, places: 2) : "\(Figures.rounded(mantissa, places: 1))e\(exponent)"
    }
}

extension ConversionTarget: ExpressibleByArgument {}

/// The types that weights can be written in.
enum WeightType: String, ExpressibleByArgument, CaseIterable {
    case float32, bfloat16, float16

    var stored: StoredDType {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .float16: .float16
        }
    }
}
