// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import TrainingRuns

/// The optimizer, its steps, and the learning rate over time.
struct OptimizationOptions: ParsableArguments {
    @Option(name: [.customLong("lr"), .customLong("learning-rate"), .customShort("l")], help: "Learning rate. (3e-4)")
    var learningRate: Double?

    @Option(name: [.customShort("b"), .long], help: "Samples of a micro-step. (1)")
    var batchSize: Int?

    @Option(name: [.customShort("g"), .long], help: "Micro-steps of a step. (4)")
    var gradientAccumulation: Int?

    @Option(name: [.customShort("e"), .long], help: "Passes over the data. (1000)")
    var epochs: Int?

    @Option(
        name: [.customShort("m"), .long],
        help: "Steps after which the run ends whatever the epochs; 0 no limit. (0)"
    )
    var maxSteps: Int?

    @Option(help: "Decoupled weight decay. (0.01)")
    var weightDecay: Double?

    @Option(help: "The norm that gradients are clipped to. (1)")
    var maxGradNorm: Double?

    @Option(name: [.customShort("s"), .long], help: "Where all random numbers come from. (42)")
    var seed: Int?

    @Option(help: "adamw; adamw8bit is understood as adamw. (adamw)")
    var optimizerType: OptimizationSettings.Optimizer?

    @Flag(inversion: .prefixedNo, help: "Compute activations again in the backward pass: less memory, more time. (on)")
    var gradientCheckpointing: Bool?

    @Option(help: ArgumentHelp("Share of the layers that is computed again. (1)", valueName: "share"))
    var gradientCheckpointingRatio: Double?

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp("No effect: encoders are never in memory here.", visibility: .hidden)
    )
    var offloadEncoder: Bool?

    @Option(help: "Decay of a moving average of the weights; 0 none. (0)")
    var emaDecay: Double?

    @Option(help: "cosine, cosine_restarts, linear, constant, constant_with_warmup or custom. (cosine)")
    var schedulerType: ScheduleSettings.Kind?

    @Option(
        help: """
            For custom: the rate as an expression of step, total_steps, progress, epoch, total_epochs, steps_per_epoch and \
            base_lr, such as 'base_lr * (1 - progress)'; or cosine_floor, constant_then_cosine, step_decay, linear_floor.
            """
    )
    var schedulerFormula: String?

    @Option(help: "Steps of warm-up, at most a tenth of all. (100)")
    var warmupSteps: Int?

    @Option(help: ArgumentHelp("Share of the rate that warm-up begins with. (0.1)", valueName: "share"))
    var warmupStartFactor: Double?

    @Option(help: ArgumentHelp("Share of the rate that a cosine ends at. (0.01)", valueName: "share"))
    var cosineEtaMinRatio: Double?

    @Option(help: "Periods of cosine_restarts. (4)")
    var cosineRestartsCount: Int?

    func apply(to settings: inout TrainingSettings) {
        applySteps(to: &settings.optimization)
        settings.schedule.kind = schedulerType ?? settings.schedule.kind
        settings.schedule.formula = schedulerFormula ?? settings.schedule.formula
        settings.schedule.warmupSteps = warmupSteps ?? settings.schedule.warmupSteps
        settings.schedule.warmupStart = warmupStartFactor ?? settings.schedule.warmupStart
        settings.schedule.cosineFloor = cosineEtaMinRatio ?? settings.schedule.cosineFloor
        settings.schedule.restarts = cosineRestartsCount ?? settings.schedule.restarts
    }

    private func applySteps(to settings: inout OptimizationSettings) {
        settings.learningRate = learningRate ?? settings.learningRate
        settings.batchSize = batchSize ?? settings.batchSize
        settings.accumulation = gradientAccumulation ?? settings.accumulation
        settings.epochs = epochs ?? settings.epochs
        settings.maximumSteps = maxSteps ?? settings.maximumSteps
        settings.weightDecay = weightDecay ?? settings.weightDecay
        settings.maximumGradientNorm = maxGradNorm ?? settings.maximumGradientNorm
        settings.seed = seed ?? settings.seed
        settings.optimizer = optimizerType ?? settings.optimizer
        settings.usesCheckpointing = gradientCheckpointing ?? settings.usesCheckpointing
        settings.checkpointingRatio = gradientCheckpointingRatio ?? settings.checkpointingRatio
        settings.offloadsEncoder = offloadEncoder ?? settings.offloadsEncoder
        settings.averageDecay = emaDecay ?? settings.averageDecay
    }
}

extension OptimizationSettings.Optimizer: ExpressibleByArgument {}
extension ScheduleSettings.Kind: ExpressibleByArgument {}
