// SPDX-License-Identifier: Apache-2.0

package import MusicSynthesis

/// Tells the corpus' styles from each other by their spectra: a linear softmax over ``TimbreFeatures``.
///
/// It is trained on the spot, in a few seconds and the same on every run, so that it never lags behind the synthesiser.
package struct TimbreClassifier: Sendable {
    /// What it can tell from each other.
    package let styles: [Style]
    private let centre: [Double]
    private let scale: [Double]
    /// `[styles][features + 1]`, the last a bias.
    private let weights: [[Double]]
    /// How far from every song of its training a sound may be, as a mean square in deviations.
    private let farthest: Double

    /// Magnitudes of noise, where songs have a root mean square of 0.1.
    private static let noises: [Float] = [0, 0.006, 0.05]
    /// The most deviations that a feature counts for.
    private static let limit = 4.0
    /// Shares of power that is spread around where it belongs, and where in hertz what is high gets weaker.
    private static let hazes: [(strength: Float, cut: Double?)] = [(0, nil), (0.2, nil), (0, 2000), (0.8, 4000)]

    /// What it thinks of a sound.
    package struct Answer: Sendable {
        /// The likeliest style.
        package let style: Style
        /// How likely each style is; their sum is 1.
        package let shares: [Style: Double]
    }

    /// How it learns.
    package struct Configuration: Sendable {
        /// Where the songs come from; measure others than those.
        package var seed: UInt64 = 0x7E57
        /// Songs of each style.
        package var songsPerStyle = 36
        /// Whole seconds of a song.
        package var seconds = 4
        /// Passes over all songs.
        package var passes = 400

        /// The defaults.
        package init() {}
    }

    /// Learns to tell styles.
    ///
    /// - Parameters:
    ///   - styles: two or more.
    ///   - configuration: how.
    package init(styles: [Style] = Style.allCases, configuration: Configuration = Configuration()) {
        var (examples, labels): ([[Double]], [Int]) = ([], [])
        for (label, style) in styles.enumerated() {
            let corpus = Corpus(
                seed: configuration.seed,
                styles: [style],
                seconds: configuration.seconds...configuration.seconds
            )
            for index in 0..<configuration.songsPerStyle {
                let sound = Sound(corpus.song(index).mono, sampleRate: SynthesizedSong.sampleRate)
                // Most are heard through noise or haze, as what a model makes will be.
                let level = Self.noises[index % Self.noises.count]
                let heard = level > 0 ? sound.withNoise(level: level, seed: UInt64(index)) : sound
                let (strength, cut) = Self.hazes[index / Self.noises.count % Self.hazes.count]
                let haze = Haze(strength: strength, cut: cut, seed: UInt64(index))
                guard let features = TimbreFeatures(heard, through: haze) else { continue }
                examples.append(features.values)
                labels.append(label)
            }
        }
        self.init(styles: styles, examples: examples, labels: labels, passes: configuration.passes)
    }

    private init(styles: [Style], examples: [[Double]], labels: [Int], passes: Int) {
        self.styles = styles
        let count = Double(examples.count)
        let width = TimbreFeatures.count
        var (centre, spread) = ([Double](repeating: 0, count: width), [Double](repeating: 0, count: width))
        for example in examples { for place in 0..<width { centre[place] += example[place] / count } }
        for example in examples {
            for place in 0..<width {
                let distance = example[place] - centre[place]
                spread[place] += distance * distance
            }
        }
        let scale = spread.map { 1 / max(0.01, ($0 / count).squareRoot()) }
        let normalized = examples.map { Self.normalized($0, centre, scale) }
        (self.centre, self.scale) = (centre, scale)
        weights = SoftmaxFit.weights(normalized, labels, classes: styles.count, passes: passes)
        farthest = 3 * (normalized.map(Self.distance).max() ?? 0)
    }

    /// What style a sound has; nil for silence, for too little sound, and for what is like none of the styles.
    package func answer(_ sound: Sound) -> Answer? {
        guard let features = TimbreFeatures(sound) else { return nil }
        let values = Self.normalized(features.values, centre, scale)
        guard Self.distance(values) <= farthest else { return nil }
        let shares = SoftmaxFit.shares(values, weights)
        guard let best = shares.indices.max(by: { shares[$0] < shares[$1] }) else { return nil }
        return Answer(style: styles[best], shares: Dictionary(uniqueKeysWithValues: zip(styles, shares)))
    }

    private static func normalized(_ values: [Double], _ centre: [Double], _ scale: [Double]) -> [Double] {
        // Cut, so that a band in which songs of the training hardly differ does not outweigh all others.
        values.indices.map { max(-limit, min(limit, (values[$0] - centre[$0]) * scale[$0])) }
    }

    private static func distance(_ values: [Double]) -> Double {
        values.reduce(0) { $0 + $1 * $1 } / Double(max(values.count, 1))
    }
}

extension Sound {
    /// The sound with evenly distributed noise of a magnitude.
    func withNoise(level: Float, seed: UInt64) -> Sound {
        var state = seed
        return Sound(
            samples.map { sample in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return sample + level * (Float(state >> 40) / Float(1 << 23) - 1)
            },
            sampleRate: sampleRate
        )
    }
}
