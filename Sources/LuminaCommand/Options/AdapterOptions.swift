// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Engine

/// Which adapters a command uses.
struct AdapterOptions: ParsableArguments {
    @Option(
        name: .customLong("adapter"),
        help: ArgumentHelp(
            """
            An adapter: a directory or .safetensors file, with a strength if not 1, and behind it the seconds of the song \
            between which it acts if not all: lora/jazz=0.7@10-20, =1@10- or =1@-20. Repeatable.
            """,
            valueName: "ref[=w[@s-e]]"
        )
    )
    var adapters: [String] = []

    @Flag(help: "Use an adapter even if parts of it find no place in the model.")
    var allowPartial = false

    @Option(
        help: """
            How adapters are computed: factors (beside the base) or merged (in copies of its weights); what is cheaper if \
            absent. The music is the same up to rounding; name one for the same bits every time.
            """
    )
    var mode: AdapterMode?

    /// The references as given.
    func references() throws -> [AdapterReference] { try adapters.map(AdapterReference.init(parsing:)) }
}

extension AdapterMode: ExpressibleByArgument {}
