// SPDX-License-Identifier: Apache-2.0

public import ACEStep
public import ArgumentParser
import Engine

/// Which checkpoint to load, and how to compute.
struct CheckpointOptions: ParsableArguments {
    @Option(help: "A checkpoint: the directory that holds acestep-v15-*, one such directory, or a diffusers directory.")
    var model: String?

    @Option(help: "Which model, where the directory holds several: turbo, base, sft, xl-turbo, …")
    var variant: String?

    @Option(help: "auto, cpu, cuda or cuda:N.")
    var device = "auto"

    @Option(
        help: "auto, float32, bfloat16 or int8 (half the memory; about twice as fast as bfloat16 on a CPU with VNNI)."
    )
    var dtype = "auto"

    @Option(help: "Compute threads; one for each core unless given.")
    var threads: Int?

    /// What the engine is told.
    func engine(_ compatibility: Compatibility) -> MusicEngine.Configuration {
        MusicEngine.Configuration(
            model: model,
            variant: variant,
            device: device,
            dtype: dtype,
            compatibility: compatibility,
            threads: threads
        )
    }

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is \(threads); it must be 1 to 1024")
        }
    }
}

/// Which base to make music with, and how.
struct ModelOptions: ParsableArguments {
    @OptionGroup var checkpoint: CheckpointOptions

    @Option(help: "Whose conventions to follow exactly: diffusers or original.")
    var compat: Compatibility?

    var engine: MusicEngine.Configuration { checkpoint.engine(compat ?? .standard) }
}

extension Compatibility: ExpressibleByArgument {
    /// Takes an option's argument: `diffusers` or `original`; nil for anything else.
    public init?(argument: String) {
        guard argument != Self.standard.rawValue else { return nil }  // what holds when the option is absent
        self.init(rawValue: argument)
    }

    /// What help offers.
    public static var allValueStrings: [String] { [Self.diffusers.rawValue, Self.original.rawValue] }
}
