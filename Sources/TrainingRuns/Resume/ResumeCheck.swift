// SPDX-License-Identifier: Apache-2.0

import AdapterFormats

/// Whether a run may go on from a state, and with what differences.
///
/// Epochs, rates and intervals may change; what the state's tensors or its place in the data depend on may not. Between
/// lies what makes another run of it, such as the loss's weighting: refused unless the user insists.
package enum ResumeCheck {
    /// Compares a run with the state that it is to continue.
    ///
    /// - Parameters:
    ///   - saved: the settings that the state was saved with.
    ///   - current: the run's settings.
    ///   - source: the state's path, for messages.
    /// - Returns: a sentence for each change that the user should see.
    /// - Throws: `TrainingRunsError.incompatible` with every difference that is not allowed.
    package static func compare(
        saved: TrainingSettings,
        current: TrainingSettings,
        source: String
    ) throws(TrainingRunsError) -> [String] {
        let (before, now) = (normalised(saved), normalised(current))
        var refused: [String] = []
        var notes: [String] = []
        for field in SettingField.all where concerns(field.key, current.adapter.family, saved.adapter.family) {
            guard let old = before[field.key], let new = now[field.key], old != new else { continue }
            let change = "\(field.key) was \(JSONText.short(old)), now it is \(JSONText.short(new))"
            switch field.rule {
            case .fixed: refused.append(change)
            case .strict where current.resume.isStrict: refused.append(change + " (--no-strict-resume allows it)")
            case .strict: notes.append(change + ": the run goes on as another one")
            case .free: if !field.isPlace { notes.append(change) }
            }
        }
        guard refused.isEmpty else { throw .incompatible(state: source, differences: refused) }
        return notes
    }

    /// Compares the data and the base of a run with those of the state.
    ///
    /// - Parameters:
    ///   - state: the state.
    ///   - dataset: the run's data.
    ///   - base: what the run's base is known by.
    ///   - source: the state's path, for messages.
    /// - Throws: `TrainingRunsError.incompatible`.
    package static func compare(
        _ state: RunState,
        dataset: DatasetIdentity,
        base: String,
        source: String
    ) throws(TrainingRunsError) {
        var refused: [String] = []
        if let saved = state.dataset, saved != dataset {
            refused.append(
                saved.sampleCount == dataset.sampleCount
                    ? "the \(dataset.sampleCount) samples of the data set are not those that the run began with"
                    : "the data set had \(saved.sampleCount) samples, now it has \(dataset.sampleCount)"
            )
        }
        if let saved = state.base, saved != base { refused.append("the base was \(saved), now it is \(base)") }
        guard refused.isEmpty else { throw .incompatible(state: source, differences: refused) }
    }

    /// The settings with what was left open filled in, so that only what acts is compared.
    private static func normalised(_ settings: TrainingSettings) -> JSONObject {
        var settings = settings
        let variant = settings.variant
        settings.timesteps.mean = settings.timesteps.mean ?? variant.timestepMean
        settings.timesteps.deviation = settings.timesteps.deviation ?? variant.timestepDeviation
        settings.adapter.rank = settings.adapter.effectiveRank
        settings.adapter.alpha = settings.adapter.effectiveAlpha
        settings.adapter.lokr.dimension = nil
        settings.adapter.lokr.alpha = nil
        settings.adapter.loha.dimension = nil
        settings.adapter.loha.alpha = nil
        // On a CPU they are one optimizer, and its state is the same.
        if settings.optimization.optimizer == .adamW8bit { settings.optimization.optimizer = .adamW }
        if settings.data.chunkDuration == 0 { settings.data.chunkDuration = nil }
        if settings.data.maximumLatentLength == 0 { settings.data.maximumLatentLength = nil }
        // What has no effect is no difference.
        if settings.schedule.kind != .custom { settings.schedule.formula = "" }
        if settings.loss.weighting == .none { settings.loss.gamma = LossSettings().gamma }
        if let variant = settings.model.variant { settings.model.variant = variant.replacing("acestep-v15-", with: "") }
        return settings.arguments
    }

    /// Whether a setting means anything to the families that are compared.
    private static func concerns(_ key: String, _ families: AdapterSettings.Family...) -> Bool {
        if key.hasPrefix("lokr_linear") || key.hasPrefix("loha_linear") { return false }
        for family in [AdapterSettings.Family.lokr, .loha, .oft] where key.hasPrefix(family.rawValue + "_") {
            return families.contains(family)
        }
        let isTarget = key.contains("target_") || key == "attention_type"
        if isTarget, !key.hasPrefix("target_loss") { return !families.allSatisfy(\.isLyCORIS) }
        if key == "rank" || key == "alpha" { return !families.allSatisfy { $0 == .oft } }
        return true
    }
}
