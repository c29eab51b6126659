// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import TrainingRuns

/// Which base is adapted, on what device.
struct BaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A checkpoint, as for generate; with --checkpoint-dir the model in it: turbo, base, sft, xl-turbo, …",
            valueName: "path"
        )
    )
    var model: String?

    @Option(
        name: [.customShort("c"), .long],
        help: ArgumentHelp(
            "The directory of models, as Side-Step has it; --model then names one of them.",
            valueName: "dir"
        )
    )
    var checkpointDir: String?

    @Option(
        name: [.customLong("variant"), .customShort("M"), .customLong("model-variant")],
        help: "Which model, where the directory holds several: turbo, base, sft, xl-turbo, …"
    )
    var variant: String?

    @Option(help: "auto, cpu, cuda or cuda:N.")
    var device: String?

    @Option(
        name: [.long, .customLong("dtype")],
        help: "What the base computes in: auto, bf16 or fp32; adapters are always float32."
    )
    var precision: BaseSettings.Precision?

    func validate() throws {
        if checkpointDir != nil, model != nil, variant != nil {
            throw ValidationError("--model and --variant both name a model of --checkpoint-dir; give one")
        }
    }

    func apply(to settings: inout TrainingSettings) {
        if let checkpointDir {
            settings.model.checkpoint = checkpointDir
            if let name = model ?? variant { settings.model.variant = name }
        } else {
            if let model { settings.model.checkpoint = model }
            if let variant { settings.model.variant = variant }
        }
        if let device { settings.model.device = device }
        if let precision { settings.model.precision = precision }
    }
}

extension BaseSettings.Precision: ExpressibleByArgument {
    /// Takes an option's argument: Side-Step's names and those of `--dtype`.
    package init?(argument: String) {
        switch argument {
        case "bfloat16": self = .bfloat16
        case "float16": self = .float16
        case "float32": self = .float32
        default: self.init(rawValue: argument)
        }
    }

    /// What help offers.
    package static var allValueStrings: [String] { ["auto", "bf16", "fp32"] }
}
