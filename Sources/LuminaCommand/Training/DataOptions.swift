// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import TrainingRuns

/// The training data and how it is read.
struct DataOptions: ParsableArguments {
    @Option(
        name: [.customShort("d"), .long],
        help: ArgumentHelp("The folder that `lumina preprocess` wrote.", valueName: "dir")
    )
    var datasetDir: String?

    @Option(help: "Threads that read ahead. (4)")
    var numWorkers: Int?

    @Option(help: "Samples that each thread reads ahead. (2)")
    var prefetchFactor: Int?

    @Flag(inversion: .prefixedNo, help: "Pin host memory for a GPU. (on)")
    var pinMemory: Bool?

    @Flag(inversion: .prefixedNo, help: "Keep reading threads over epochs. (on)")
    var persistentWorkers: Bool?

    @Option(
        help: ArgumentHelp("Train on crops of this length instead of whole songs; 60 is advised.", valueName: "seconds")
    )
    var chunkDuration: Int?

    @Option(help: ArgumentHelp("Train on crops of this many latent frames (25 a second).", valueName: "frames"))
    var maxLatentLength: Int?

    @Option(
        help: ArgumentHelp("Epochs after which counts of used crops are halved; 0 never. (10)", valueName: "epochs")
    )
    var chunkDecayEvery: Int?

    @Option(help: ArgumentHelp("A note for other tools: full, seconds or latent.", visibility: .hidden))
    var cropMode: String?

    @Option(name: [.customShort("R"), .long], help: "How often each sample stands in an epoch. (1)")
    var datasetRepeats: Int?

    @Option(help: "Share of the samples that is only validated on, up to 0.5. (0)")
    var valSplit: Double?

    func apply(to settings: inout TrainingSettings) {
        settings.data.directory = datasetDir ?? settings.data.directory
        settings.data.workers = numWorkers ?? settings.data.workers
        settings.data.prefetch = prefetchFactor ?? settings.data.prefetch
        settings.data.pinsMemory = pinMemory ?? settings.data.pinsMemory
        settings.data.keepsWorkers = persistentWorkers ?? settings.data.keepsWorkers
        settings.data.chunkDuration = chunkDuration ?? settings.data.chunkDuration
        settings.data.maximumLatentLength = maxLatentLength ?? settings.data.maximumLatentLength
        settings.data.chunkDecayInterval = chunkDecayEvery ?? settings.data.chunkDecayInterval
        settings.data.cropMode = cropMode ?? settings.data.cropMode
        settings.data.repeats = datasetRepeats ?? settings.data.repeats
        settings.data.validationShare = valSplit ?? settings.data.validationShare
    }
}
