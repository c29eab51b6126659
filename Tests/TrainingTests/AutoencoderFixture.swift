// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import TestSupport
import Torch
import Training

/// Small autoencoders and music to train them on.
enum AutoencoderFixture {
    /// The sizes in `Scripts/reference/autoencoder_goldens.py`.
    static func configuration(_ name: String) throws -> AutoencoderConfiguration {
        let isNarrow = name == "autoencoder.narrow"
        return try AutoencoderConfiguration(
            downsamplingRatios: isNarrow ? [2, 6] : [6, 2],
            channelMultiples: [1, 2],
            encoderChannels: isNarrow ? 3 : 8,
            decoderChannels: isNarrow ? 3 : 5,
            latentChannels: isNarrow ? 6 : 4
        )
    }

    /// A short training: crops must be longer than half the largest transform.
    static func settings(_ change: (inout AutoencoderSettings) -> Void = { _ in }) -> AutoencoderSettings {
        var settings = AutoencoderSettings()
        settings.steps = 5
        settings.batch = 2
        settings.frames = 100
        settings.warmup = 0
        settings.averageDecay = 0.5
        change(&settings)
        return settings
    }

    static func plan(_ change: (inout AutoencoderSettings) -> Void = { _ in }) throws -> AutoencoderRun.Plan {
        var plan = AutoencoderRun.Plan(
            try configuration("autoencoder"),
            settings: settings(change),
            music: Tones(),
            heldOut: Tones(first: 1000)
        )
        plan.measureInterval = 0
        return plan
    }
}

/// Chords of three tones, another one for each number.
struct Tones: CropSource {
    var first = 0
    var identity = "tones"

    func crop(_ number: Int, length: Int) -> [Float] {
        let pitches = [3, 4, 5].map { Float(($0 * (first + number)) % 11 + 4) }
        return [0.1, 0.06].flatMap { (loudness: Float) in
            (0..<length).map { place in
                pitches.reduce(0) { $0 + loudness * Float(sin(Double($1) * 0.02 * Double(place))) }
            }
        }
    }
}
