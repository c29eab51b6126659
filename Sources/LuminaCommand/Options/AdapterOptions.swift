// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Engine

/// Which adapters a command uses.
struct AdapterOptions: ParsableArguments {
    @Option(
        name: .customLong("adapter"),
        help: ArgumentHelp(
            "An adapter: a directory or .safetensors file, with a strength if not 1. Repeatable.",
            valueName: "ref[=w]"
        )
    )
    var adapters: [String] = []

    @Flag(help: "Use an adapter even if parts of it find no place in the model.")
    var allowPartial = false

    /// The references as given.
    func references() throws -> [AdapterReference] { try adapters.map(AdapterReference.init(parsing:)) }
}
