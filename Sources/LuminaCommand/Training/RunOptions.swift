// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import TrainingRuns

/// Where results go, how often, when the run ends, and what it continues.
struct RunOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("The folder for the run's results.", valueName: "dir")
    )
    var outputDir: String?

    @Option(name: [.customShort("n"), .long], help: "The run's name in TensorBoard.")
    var runName: String?

    @Option(help: ArgumentHelp("TensorBoard's folder; OUT/runs if absent.", valueName: "dir"))
    var logDir: String?

    @Option(help: ArgumentHelp("Epochs between checkpoints. (50)", valueName: "epochs"))
    var saveEvery: Int?

    @Option(help: ArgumentHelp("How many checkpoints are kept; 0 all. (0)", valueName: "count"))
    var keepCheckpoints: Int?

    @Option(help: ArgumentHelp("Steps between entries of the log. (10)", valueName: "steps"))
    var logEvery: Int?

    @Option(help: ArgumentHelp("Steps between entries for each parameter; 0 none. (50)", valueName: "steps"))
    var logHeavyEvery: Int?

    @Flag(inversion: .prefixedNo, help: "Keep the best weights in OUT/best. (on)")
    var saveBest: Bool?

    @Option(help: ArgumentHelp("The epoch from which on the best is looked for; 0 never. (200)", valueName: "epoch"))
    var saveBestAfter: Int?

    @Option(help: ArgumentHelp("Look for a best inside epochs too; 0 not. (0)", valueName: "steps"))
    var saveBestEveryNSteps: Int?

    @Option(help: ArgumentHelp("Epochs without a best after which the run ends; 0 never. (0)", valueName: "epochs"))
    var earlyStopPatience: Int?

    @Option(help: "Damp the rate towards this loss; 0 not. (0)")
    var targetLoss: Double?

    @Option(help: ArgumentHelp("The smallest damping. (0.01)", valueName: "share"))
    var targetLossFloor: Double?

    @Option(help: ArgumentHelp("Steps before damping begins. (50)", valueName: "steps"))
    var targetLossWarmup: Int?

    @Option(help: ArgumentHelp("Weight of the past in the loss's average. (0.98)", valueName: "share"))
    var targetLossSmoothing: Double?

    @Option(
        help: ArgumentHelp(
            "Go on from a checkpoint's folder, or a file in it, with its settings; other options win over them.",
            valueName: "path"
        )
    )
    var resumeFrom: String?

    @Flag(inversion: .prefixedNo, help: "Refuse to go on with another loss, schedule or timestep. (on)")
    var strictResume: Bool?

    func apply(to settings: inout TrainingSettings) {
        settings.output.directory = outputDir ?? settings.output.directory
        settings.output.runName = runName ?? settings.output.runName
        settings.output.logDirectory = logDir ?? settings.output.logDirectory
        settings.output.saveInterval = saveEvery ?? settings.output.saveInterval
        settings.output.keptCheckpoints = keepCheckpoints ?? settings.output.keptCheckpoints
        settings.output.logInterval = logEvery ?? settings.output.logInterval
        settings.output.heavyLogInterval = logHeavyEvery ?? settings.output.heavyLogInterval
        settings.resume.path = resumeFrom
        settings.resume.isStrict = strictResume ?? settings.resume.isStrict
        applyStopping(to: &settings.stopping)
    }

    private func applyStopping(to settings: inout StoppingSettings) {
        settings.savesBest = saveBest ?? settings.savesBest
        settings.bestAfterEpoch = saveBestAfter ?? settings.bestAfterEpoch
        settings.bestStepInterval = saveBestEveryNSteps ?? settings.bestStepInterval
        settings.patience = earlyStopPatience ?? settings.patience
        settings.targetLoss = targetLoss ?? settings.targetLoss
        settings.targetFloor = targetLossFloor ?? settings.targetFloor
        settings.targetWarmup = targetLossWarmup ?? settings.targetWarmup
        settings.targetSmoothing = targetLossSmoothing ?? settings.targetSmoothing
    }
}
