// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `lumina adapters`: look into adapters, convert them, bake them in, and extract them.
struct AdaptersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapters",
        abstract: "Inspect, convert, merge and extract adapters.",
        subcommands: [InspectAdapter.self, ConvertAdapter.self, MergeAdapters.self, ExtractAdapter.self]
    )
}
