// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import TrainingRuns

/// What is learnt: noise levels and the weight of the loss.
struct ObjectiveOptions: ParsableArguments {
    @Option(help: "continuous (logit-normal) or discrete (turbo's eight levels). (continuous)")
    var timestepMode: TimestepSettings.Mode?

    @Option(help: "Mean of the logit of noise levels; the model's if absent.")
    var timestepMu: Double?

    @Option(help: "Deviation of the logit of noise levels; the model's if absent.")
    var timestepSigma: Double?

    @Option(help: ArgumentHelp("Share of a batch drawn where the loss is high. (0)", valueName: "share"))
    var adaptiveTimestepRatio: Double?

    @Option(help: ArgumentHelp("Share of the samples trained without their condition. (0.15)", valueName: "share"))
    var cfgRatio: Double?

    @Option(help: "none or min_snr. (none)")
    var lossWeighting: LossSettings.Weighting?

    @Option(help: "The bound of min_snr. (5)")
    var snrGamma: Double?

    @Option(help: "The shift that generation is to use with the adapter; the variant's if absent.")
    var shift: Double?

    @Option(help: "The steps that generation is to use with the adapter; the variant's if absent.")
    var numInferenceSteps: Int?

    func apply(to settings: inout TrainingSettings) {
        settings.timesteps.mode = timestepMode ?? settings.timesteps.mode
        settings.timesteps.mean = timestepMu ?? settings.timesteps.mean
        settings.timesteps.deviation = timestepSigma ?? settings.timesteps.deviation
        settings.timesteps.adaptiveRatio = adaptiveTimestepRatio ?? settings.timesteps.adaptiveRatio
        settings.timesteps.conditionDropout = cfgRatio ?? settings.timesteps.conditionDropout
        settings.loss.weighting = lossWeighting ?? settings.loss.weighting
        settings.loss.gamma = snrGamma ?? settings.loss.gamma
        settings.timesteps.shift = shift ?? settings.timesteps.shift
        settings.timesteps.inferenceSteps = numInferenceSteps ?? settings.timesteps.inferenceSteps
    }
}

extension TimestepSettings.Mode: ExpressibleByArgument {}
extension LossSettings.Weighting: ExpressibleByArgument {}
