// SPDX-License-Identifier: Apache-2.0

/// What training and generation need to know of a model's distillation stage.
package struct TrainingVariant: Sendable, Equatable {
    /// Whether it is distilled to few steps.
    package var isTurbo: Bool
    /// The shift that it is sampled with.
    package var shift: Double
    /// The steps that it is sampled with.
    package var inferenceSteps: Int
    /// Mean of the logit of trained noise levels, unless the model's `config.json` has another.
    package var timestepMean = -0.4
    /// Deviation of the logit of trained noise levels, unless the model's `config.json` has another.
    package var timestepDeviation = 1.0
    /// Share of the data with two different times; written to files, of no effect on this objective.
    package var dataProportion = 0.5

    /// Turbo, XL or not: eight steps with shift 3.
    package static let turbo = TrainingVariant(isTurbo: true, shift: 3, inferenceSteps: 8)
    /// Base and fine-tuned models: fifty steps without shift.
    package static let full = TrainingVariant(isTurbo: false, shift: 1, inferenceSteps: 50)

    /// The numbers of a model by its name.
    ///
    /// A name that says neither is one of turbo's unless the steps that it is sampled with say otherwise.
    ///
    /// - Parameters:
    ///   - name: an alias (`xl-turbo`) or a folder's name.
    ///   - inferenceSteps: what the user said it is sampled with.
    /// - Returns: its numbers.
    package static func named(_ name: String?, inferenceSteps: Int? = nil) -> TrainingVariant {
        let name = name?.lowercased() ?? ""
        if name.contains("turbo") { return .turbo }
        if name.contains("base") || name.contains("sft") { return .full }
        return (inferenceSteps ?? 8) == 8 ? .turbo : .full
    }

    /// The eight noise levels of the discrete mode: turbo's schedule with shift 3.
    package static let discreteTimesteps = [
        1.0, 0.9545454545454546, 0.9, 0.8333333333333334, 0.75, 0.6428571428571429, 0.5, 0.3,
    ]
}

extension TrainingSettings {
    /// The numbers of the model that is trained.
    package var variant: TrainingVariant {
        let folder = model.checkpoint?.split(separator: "/").last.map(String.init)
        return .named(model.variant ?? folder, inferenceSteps: timesteps.inferenceSteps)
    }

    /// The shift that is written beside the adapter.
    ///
    /// Turbo's value on another model is another tool's default that nobody chose: it is replaced, as Side-Step does.
    package var recordedShift: Double {
        guard let shift = timesteps.shift, variant.isTurbo || shift != TrainingVariant.turbo.shift else {
            return variant.shift
        }
        return shift
    }

    /// The sampling steps that are written beside the adapter.
    package var recordedInferenceSteps: Int {
        guard let steps = timesteps.inferenceSteps, variant.isTurbo || steps != TrainingVariant.turbo.inferenceSteps
        else { return variant.inferenceSteps }
        return steps
    }
}
