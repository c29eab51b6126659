// SPDX-License-Identifier: Apache-2.0

/// One run of the denoising loop: pieces that take the same steps, whatever their prompts, lengths and seeds.
public struct GenerationRun: Sendable, Equatable {
    /// One piece of the run.
    public struct Item: Sendable, Equatable {
        /// What was asked.
        public let request: MusicRequest
        /// Where its noise comes from.
        public let seed: UInt64
        /// What the user should know about its parameters.
        public let warnings: [String]
    }

    /// The pieces.
    public let items: [Item]
    /// The numbers that hold for all of them.
    public let parameters: SamplingParameters
    /// The part of the run in which guidance applies.
    public let guidanceInterval: GuidanceInterval
    /// Noise to start from instead of what the seeds give, which depends on the type computed in: for comparing types.
    ///
    /// As many numbers as `[items, frames, channels]` has for the longest item.
    package var noise: [Float]?

    /// The run of one request; a batch's pieces have consecutive seeds.
    ///
    /// - Parameters:
    ///   - request: what was asked.
    ///   - variant: the base's, which decides the defaults.
    ///   - hints: what the adapters' files say about how to use them.
    /// - Throws: ``ModelError/parameter(name:value:rule:)`` if the request is out of range.
    public init(
        _ request: MusicRequest,
        variant: ModelConfiguration.Variant,
        hints: SamplingParameters.Hints = .init()
    ) throws {
        try request.validate()
        let parameters = SamplingParameters(request, variant: variant, hints: hints)
        let seed = request.seed ?? UInt64(UInt32.random(in: .min ... .max))
        self.parameters = parameters
        guidanceInterval = request.guidanceInterval
        items = (0..<request.batch).map {
            Item(request: request, seed: seed &+ UInt64($0), warnings: parameters.warnings)
        }
    }

    /// Whether both runs can be made in one denoising loop.
    public func isCompatible(with other: GenerationRun) -> Bool {
        (parameters.steps, parameters.shift, parameters.guidance)
            == (other.parameters.steps, other.parameters.shift, other.parameters.guidance)
            && guidanceInterval == other.guidanceInterval
    }

    /// Several runs in one loop.
    ///
    /// - Parameter runs: at least one; all compatible with the first.
    /// - Throws: ``ModelError/parameter(name:value:rule:)`` if they are not.
    public init(joining runs: [GenerationRun]) throws {
        guard let first = runs.first, runs.allSatisfy({ $0.isCompatible(with: first) }) else {
            throw ModelError.parameter(
                name: "batch",
                value: "of \(runs.count) requests",
                rule: "its requests must agree in steps, shift and guidance"
            )
        }
        items = runs.flatMap(\.items)
        parameters = first.parameters
        guidanceInterval = first.guidanceInterval
    }
}
