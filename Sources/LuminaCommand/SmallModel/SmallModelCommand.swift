// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `lumina small-model`: how the embedded model is made and measured.
///
/// Not in the program's list of commands: who makes music needs none of it, and who rebuilds the model reads the model card.
struct SmallModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "small-model",
        abstract: "Make and measure the embedded model: its music, its parts, its figures.",
        shouldDisplay: false,
        subcommands: [
            MakeCorpus.self, TrainAutoencoder.self, TrainSmallModel.self, AssembleSmallModel.self, MeasureMusic.self,
        ]
    )
}
