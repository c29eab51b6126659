// SPDX-License-Identifier: Apache-2.0

import ACEStep

/// How far a training of an autoencoder is, and what it is a training of.
package struct AutoencoderProgress: Sendable, Equatable, Codable {
    /// Steps done.
    package internal(set) var step = 0
    /// Seconds that they took.
    package internal(set) var seconds = 0.0
    /// Steps in a row that gave no number.
    var skipped = 0
    /// What a step is made of.
    package let settings: AutoencoderSettings
    /// What the autoencoder's configuration file says.
    let sizes: String
    /// What the music is made of.
    let music: String

    init(_ plan: AutoencoderRun.Plan) {
        settings = plan.settings
        music = plan.music.identity
        let sizes = plan.configuration
        self.sizes =
            "ratios \(sizes.downsamplingRatios), multiples \(sizes.channelMultiples), encoder \(sizes.encoderChannels), decoder "
            + "\(sizes.decoderChannels), latents \(sizes.latentChannels), audio \(sizes.audioChannels) at \(sizes.sampleRate)"
    }

    /// Seconds until the last step, by the pace so far; nil before the first.
    package var remainingSeconds: Double? {
        step > 0 ? seconds / Double(step) * Double(settings.steps - step) : nil
    }

    /// Takes over how far a saved training is.
    ///
    /// - Parameters:
    ///   - saved: what a state says.
    ///   - file: the state, for messages.
    /// - Throws: ``TrainingError/state(file:reason:)`` if it is a training of something else.
    mutating func `continue`(_ saved: AutoencoderProgress, from file: String) throws {
        let differences = [
            ("the sizes were \(saved.sizes), and are \(sizes)", saved.sizes == sizes),
            ("the music was \(saved.music), and is \(music)", saved.music == music),
            ("the settings were \(saved.settings), and are \(settings)", saved.settings == settings),
        ]
        if let difference = differences.first(where: { !$0.1 }) {
            throw TrainingError.state(
                file: file,
                reason: difference.0 + "; begin in another folder, or ask for the same"
            )
        }
        (step, seconds, skipped) = (saved.step, saved.seconds, saved.skipped)
    }
}
