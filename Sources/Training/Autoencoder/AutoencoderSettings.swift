// SPDX-License-Identifier: Apache-2.0

/// What a training of an autoencoder is made of, beside its sizes and its music.
package struct AutoencoderSettings: Sendable, Equatable, Codable {
    /// Where first values and noise come from.
    package var seed = 1
    /// Steps of the whole training, over which the learning rate falls.
    package var steps = 7500
    /// Crops of a step.
    package var batch = 4
    /// Latent frames of a crop.
    package var frames = 16
    /// The learning rate that warm-up ends with.
    package var learningRate = 2e-3
    /// Steps of warm-up.
    package var warmup = 100
    /// What is kept of the past gradients' squares.
    package var squareDecay = 0.99
    /// The norm that gradients are clipped to.
    package var gradientNorm = 10.0
    /// Decay of the weights' moving average, which is what is saved.
    package var averageDecay = 0.999
    /// What each term of the loss counts.
    package var loss = AutoencoderLoss.Weights()

    /// The defaults.
    package init() {}

    /// Refuses numbers that no training can have.
    ///
    /// - Throws: ``TrainingError/size(what:rule:)``.
    package func check() throws {
        let numbers: [(String, Double, ClosedRange<Double>)] = [
            ("steps", Double(steps), 1...1e8), ("batch", Double(batch), 1...4096), ("frames", Double(frames), 2...1500),
            ("learning rate", learningRate, 1e-9...1), ("warm-up", Double(warmup), 0...1e6),
            ("decay of squares", squareDecay, 0.5...0.99999), ("gradient norm", gradientNorm, 1e-6...1e9),
            ("decay of the average", averageDecay, 0...0.999999), ("waveform's weight", loss.waveform, 0...1e6),
            ("phases' weight", loss.phase, 0...1e6), ("magnitudes' weight", loss.magnitude, 0...1e6),
            ("logarithms' weight", loss.logMagnitude, 0...1e6), ("divergence's weight", loss.divergence, 0...1e6),
        ]
        for (name, value, range) in numbers where !range.contains(value) {
            throw TrainingError.size(
                what: "the \(name) is \(value)",
                rule: "it must be \(range.lowerBound) to \(range.upperBound)"
            )
        }
    }
}
