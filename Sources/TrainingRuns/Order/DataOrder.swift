// SPDX-License-Identifier: Apache-2.0

/// Which sample comes when, and which part of it.
///
/// A function of the seed and the epoch: an interrupted run builds its epoch again and goes on behind the batches that it
/// has used. Only what crops have covered is state, and it changes at the beginning of an epoch only.
package struct DataOrder: Sendable, Equatable {
    /// A sample, as far as its order goes.
    package struct Sample: Sendable, Equatable {
        /// A name that stays the same from run to run, such as the file's.
        package var name: String
        /// Latent frames.
        package var frames: Int

        /// A sample of some frames.
        package init(name: String, frames: Int) {
            self.name = name
            self.frames = frames
        }
    }

    /// A sample's turn.
    package struct Visit: Sendable, Equatable {
        /// The sample's place in the data set.
        package var sample: Int
        /// The first latent frame that is taken.
        package var start: Int
        /// Latent frames that are taken.
        package var frames: Int
    }

    /// The places of the samples that are trained on.
    package let training: [Int]
    /// The places of the samples that are only validated on.
    package let validation: [Int]

    private let samples: [Sample]
    private let cropLength: Int?
    private let batchSize: Int
    private let repeats: Int
    private let decayInterval: Int
    private let seed: Int
    private let groupsByLength: Bool

    /// The order of a data set.
    ///
    /// Validation samples are drawn before repeats are made, so that no song is on both sides.
    ///
    /// - Parameters:
    ///   - samples: the data set in a stable order.
    ///   - settings: the run's settings.
    ///   - framesPerSecond: latent frames of a second, for crops given in seconds.
    ///   - groupsByLength: whether a batch holds samples of one length only.
    package init(
        samples: [Sample],
        _ settings: TrainingSettings,
        framesPerSecond: Double = DataSettings.framesPerSecond,
        groupsByLength: Bool = false
    ) {
        self.samples = samples
        self.groupsByLength = groupsByLength
        cropLength = settings.data.cropLength(framesPerSecond: framesPerSecond)
        batchSize = max(1, settings.optimization.batchSize)
        repeats = max(1, settings.data.repeats)
        decayInterval = settings.data.chunkDecayInterval
        seed = settings.optimization.seed
        let share = settings.data.validationShare
        let wanted = share > 0 && samples.count > 1 ? max(1, Int(Double(samples.count) * share)) : 0
        var order = Array(samples.indices)
        if wanted > 0 {
            var generator = OrderGenerator(seed: seed, .split)
            generator.shuffle(&order)
        }
        validation = order.prefix(wanted).sorted()
        training = order.dropFirst(wanted).sorted()
    }

    /// Batches of an epoch.
    package var batchesPerEpoch: Int {
        groups(training.map { visitedFrames(of: $0) }).reduce(0) {
            $0 + ($1.count * repeats + batchSize - 1) / batchSize
        }
    }

    /// Frames that a visit takes.
    private func visitedFrames(of place: Int) -> Int { min(samples[place].frames, cropLength ?? .max) }

    /// Positions of a list of lengths, those together that may stand in one batch.
    private func groups(_ lengths: [Int]) -> [[Int]] {
        guard groupsByLength else { return [Array(lengths.indices)] }
        return Dictionary(grouping: lengths.indices) { lengths[$0] }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Visits cut into batches; those of equal length are put together where they have to be, and batches come in the order in
    /// which they are full.
    private func batched(_ visits: [Visit]) -> [[Visit]] {
        let full = groups(visits.map(\.frames)).flatMap { group in
            stride(from: 0, to: group.count, by: batchSize).map { Array(group[$0..<min($0 + batchSize, group.count)]) }
        }
        return full.sorted { ($0.last ?? 0) < ($1.last ?? 0) }.map { $0.map { visits[$0] } }
    }

    /// Optimizer steps of an epoch; what is left of the last group is a step too.
    ///
    /// - Parameter accumulation: micro-steps of a step.
    /// - Returns: at least 1.
    package func stepsPerEpoch(accumulation: Int) -> Int {
        max(1, (batchesPerEpoch + accumulation - 1) / max(1, accumulation))
    }

    /// The batches of an epoch.
    ///
    /// - Parameters:
    ///   - epoch: the epoch, from 0.
    ///   - coverage: what crops have covered before the epoch; afterwards, with it.
    /// - Returns: visits, batch by batch; the last may be smaller.
    package func batches(epoch: Int, coverage: inout ChunkCoverage) -> [[Visit]] {
        var order: [Int] = []
        order.reserveCapacity(training.count * repeats)
        for _ in 0..<repeats { order += training }
        var shuffling = OrderGenerator(seed: seed, .shuffle, epoch: epoch)
        shuffling.shuffle(&order)
        if cropLength != nil { coverage.begin(epoch: epoch, decayInterval: decayInterval) }
        var drawing = OrderGenerator(seed: seed, .crops, epoch: epoch)
        return batched(order.map { visit($0, &coverage, &drawing) })
    }

    /// The batches of a validation: whole samples up to a crop's length, from their beginning, always the same.
    package var validationBatches: [[Visit]] {
        let visits = validation.map { place in
            Visit(sample: place, start: 0, frames: visitedFrames(of: place))
        }
        return batched(visits)
    }

    private func visit(_ place: Int, _ coverage: inout ChunkCoverage, _ generator: inout OrderGenerator) -> Visit {
        let sample = samples[place]
        guard let cropLength, sample.frames > cropLength else {
            return Visit(sample: place, start: 0, frames: sample.frames)
        }
        let choices = sample.frames - cropLength + 1
        let start = coverage.draw(song: sample.name, choices: choices, &generator)
        return Visit(sample: place, start: start, frames: cropLength)
    }
}
