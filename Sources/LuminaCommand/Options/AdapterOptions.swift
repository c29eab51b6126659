// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Engine

/// Which adapters a command uses.
struct AdapterOptions: ParsableArguments {
    @Option(
        name: .customLong("adapter"),
        help: ArgumentHelp(
            "An adapter with a strength if not 1: a directory, a .safetensors file, NAME[@VERSION] of the registry, s3:// or hf://. Repeatable.",
            valueName: "ref[=w]"
        )
    )
    var adapters: [String] = []

    @Flag(help: "Use an adapter even if parts of it find no place in the model.")
    var allowPartial = false

    @OptionGroup var lookup: ReferenceOptions

    /// The references as given.
    func references() throws -> [AdapterReference] { try adapters.map(AdapterReference.init(parsing:)) }
}
