// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Adapters
public import Layers
import Torch

/// Times the parts of an engine, for `lumina bench`.
public struct Measurement: Sendable {
    private let engine: MusicEngine

    /// Measures `engine`.
    public init(_ engine: MusicEngine) { self.engine = engine }

    /// Seconds of a denoising step with whatever is attached.
    ///
    /// - Parameters:
    ///   - duration: seconds of music in the latents.
    ///   - voicing: which blend of what is attached acts where; nil where one acts everywhere.
    ///   - repeats: how many steps to take the median of; at least one is taken.
    ///   - age: seconds since the process was started, asked for after the first step.
    /// - Returns: the median of `repeats` steps after a first one, and how long after its start the process was where a later
    ///   step would find it: its age after the first step, less a step.
    /// - Throws: ``EngineError/notLoaded``, or `TorchError` if a step fails.
    public func step(
        duration: Double,
        voicing: Voicing? = nil,
        repeats: Int,
        untilFirst age: @Sendable () -> Double
    ) async throws -> (median: Double, ready: Double) {
        let frames = MusicRequest(tags: "", duration: duration).frames
        return try await engine.withModel { model in
            let step = try model.stepForMeasuring(frames: frames, voicing: voicing)
            try step()
            let ready = age()
            let median = try Self.median(repeats: repeats, of: step)
            return (median, ready - median)
        }
    }

    /// What the planner expects of either way of computing adapters, and what either takes.
    public struct Ways: Sendable {
        /// Seconds that branches are expected to add to a step.
        public let predictedBranches: Double
        /// Seconds that merging is expected to take.
        public let predictedMerging: Double
        /// Seconds of a step with branches.
        public let factorsStep: Double
        /// Seconds of a step with what can be merged merged.
        public let mergedStep: Double
        /// Seconds that merging took.
        public let merging: Double
    }

    /// Measures a step with resident adapters in both ways; they are taken off afterwards.
    ///
    /// - Parameters:
    ///   - adapters: what acts, by resident name.
    ///   - duration: seconds of music in the latents.
    ///   - repeats: how many steps to take the median of.
    /// - Returns: predicted and measured seconds.
    /// - Throws: an error that names the adapter, or `TorchError` if a step fails.
    public func ways(
        of adapters: [(name: String, reference: AdapterReference)],
        duration: Double,
        repeats: Int
    ) async throws -> Ways {
        let request = MusicRequest(tags: "", duration: duration)
        let costs = try await engine.measureCosts(of: adapters, for: request)
        var (steps, seconds): ([Double], [Double]) = ([], [])
        for mode in [AdapterMode.factors, .merged] {
            let attached = try await engine.attach(adapters, to: request, as: mode)
            seconds.append(attached.seconds)
            let step = try await step(duration: duration, voicing: attached.voicing, repeats: repeats) { 0 }
            steps.append(step.median)
        }
        try await engine.select([])
        return Ways(
            predictedBranches: costs.branchSeconds,
            predictedMerging: costs.mergeSeconds,
            factorsStep: steps[0],
            mergedStep: steps[1],
            merging: seconds[1]
        )
    }

    /// How fast the large products of a step are in bfloat16 and in int8, each size once, with random numbers.
    ///
    /// - Parameters:
    ///   - duration: seconds of music, which make as many rows as a step has tokens.
    ///   - repeats: how often each is run; the median counts.
    /// - Returns: the rates, bfloat16 first for each size.
    /// - Throws: ``EngineError/notLoaded``, or `TorchError` if a product fails.
    public func products(duration: Double, repeats: Int) async throws -> [ProductRate] {
        let frames = MusicRequest(tags: "", duration: duration).frames
        return try await engine.withModel { model in
            let patch = model.configuration.patchSize
            return try model.productSizes.flatMap { inputs, outputs, count in
                try ProductRate.measure(
                    .init(rows: (frames + patch - 1) / patch, inputs: inputs, outputs: outputs, projections: count),
                    device: model.device
                ) { try Self.median(repeats: repeats, of: $0) }
            }
        }
    }

    /// Seconds of decoding one second of audio, in a piece of four seconds.
    public func decoding(repeats: Int) async throws -> Double {
        let seconds = 4
        return try await engine.withModel { model in
            let frames = seconds * MusicRequest.framesPerSecond
            return try Self.median(repeats: repeats, of: try model.decodingForMeasuring(frames: frames))
        } / Double(seconds)
    }

    /// Seconds of switching between blends of resident adapters, in turn: the median of `repeats`.
    public func switching(between blends: [[(name: String, weight: Double)]], repeats: Int) async throws -> Double {
        var seconds: [Double] = []
        for turn in 0..<max(repeats, 2) { seconds.append(try await engine.select(blends[turn % blends.count])) }
        return seconds.median
    }

    /// Seconds of a whole request with a prompt and a seed that were not seen before: the median of `repeats`.
    public func generation(
        duration: Double,
        steps: Int?,
        adapters: [AdapterReference],
        repeats: Int
    ) async throws -> Double {
        var seconds: [Double] = []
        for turn in 0..<max(repeats, 1) {
            let request = MusicRequest(
                tags: "jazz, piano trio, take \(turn)",
                duration: duration,
                steps: steps,
                guidance: 1,
                seed: UInt64(turn + 1)
            )
            let start = ContinuousClock.now
            _ = try await engine.generate(request, adapters: adapters)
            seconds.append(start.secondsUntilNow)
        }
        return seconds.median
    }

    /// The median of `repeats` runs after one that warms up.
    private static func median(repeats: Int, of work: () throws -> Void) throws -> Double {
        try work()
        var seconds: [Double] = []
        for _ in 0..<max(repeats, 1) {
            let start = ContinuousClock.now
            try work()
            seconds.append(start.secondsUntilNow)
        }
        return seconds.median
    }
}

extension [Double] {
    /// The element in the middle of their order, the upper one of two; there must be at least one.
    package var median: Double { sorted()[count / 2] }
}
