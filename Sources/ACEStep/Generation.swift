// SPDX-License-Identifier: Apache-2.0

import Layers
public import Torch

/// What happens while a piece is made; told to the caller, who may throw to stop.
public enum GenerationEvent: Sendable, Equatable {
    /// The prompt has been encoded.
    case encoded
    /// A denoising step is done: how many of how many.
    case denoised(step: Int, of: Int)
    /// A part of the audio is done, 0 … 1.
    case decoded(Double)
}

/// The audio of one piece and what it was made from.
public struct GeneratedPiece: Sendable {
    /// Samples of each channel.
    public let channels: [[Float]]
    /// Samples in a second.
    public let sampleRate: Int
    /// The seed of its noise.
    public let seed: UInt64
}

/// Seconds spent in each part of a run.
public struct GenerationTimings: Sendable, Equatable {
    /// Text and condition encoders.
    public var encoding = 0.0
    /// Preparing the steps: keys and values of the conditions, time conditioning.
    public var planning = 0.0
    /// All denoising steps.
    public var denoising = 0.0
    /// The decoder.
    public var decoding = 0.0
}

/// One run of the model: what it was asked, with every default filled in.
public struct GenerationRun {
    /// What was asked.
    public let request: MusicRequest
    /// The numbers that hold.
    public let parameters: SamplingParameters
    /// The first piece's seed; the following pieces have the following ones.
    public let seed: UInt64

    /// - Parameter hints: what the adapters' files say about how to use them.
    /// - Throws: ``ModelError/parameter(name:value:rule:)`` if the request is out of range.
    public init(
        _ request: MusicRequest,
        variant: ModelConfiguration.Variant,
        hints: SamplingParameters.Hints = .init()
    ) throws {
        try request.validate()
        self.request = request
        parameters = SamplingParameters(request, variant: variant, hints: hints)
        seed = request.seed ?? UInt64(UInt32.random(in: .min ... .max))
    }
}

extension MusicModel {
    /// Told every tensor on the way, under the names of the reference: `encoder_hidden_states`, `noise`, `latents.N`, …
    public typealias Observer = (_ name: String, _ tensor: Tensor) throws -> Void

    /// What ``generate(_:observe:report:)`` returns.
    public struct Result: Sendable {
        /// The pieces, one for each item of the batch.
        public let pieces: [GeneratedPiece]
        /// Seconds spent in each part.
        public let timings: GenerationTimings
        /// What the user should know: cut lyrics, ignored parameters.
        public let warnings: [String]
    }

    /// Makes music.
    ///
    /// - Parameters:
    ///   - run: the request with its defaults filled in.
    ///   - observe: told every tensor on the way.
    ///   - report: told the progress; what it throws ends the run within a step.
    /// - Throws: ``ModelError/notFinite(what:advice:)`` if weights or adapters make NaN; whatever `report` throws.
    public func generate(
        _ run: GenerationRun,
        observe: Observer? = nil,
        report: (GenerationEvent) throws -> Void = { _ in }
    ) throws -> Result {
        var timings = GenerationTimings()
        let clock = ContinuousClock()
        let tokens = try tokens(of: Prompt(run.request))
        var encoded: Tensor?
        timings.encoding = try clock.seconds { encoded = try conditions(of: tokens) }
        guard let one = encoded else { preconditionFailure("the closure above assigns it") }
        try requireFinite(one, what: "the encoded prompt is")
        try observe?("caption_ids", Tensor(tokens.caption, shape: [tokens.caption.count]))
        try observe?("lyric_ids", Tensor(tokens.lyrics, shape: [tokens.lyrics.count]))
        try observe?("encoder_hidden_states", one)
        try report(.encoded)
        let noise = try noise(run)
        try observe?("noise", noise)
        let latents = try denoise(
            noise,
            conditions: one,
            run: run,
            timings: &timings,
            observe: observe,
            report: report
        ).slice(1, from: 0, to: run.request.frames)
        try observe?("latents", latents)
        var pieces: [GeneratedPiece] = []
        timings.decoding = try clock.seconds {
            pieces = try decode(latents, run: run, observe: observe, report: report)
        }
        return Result(
            pieces: pieces,
            timings: timings,
            warnings: run.parameters.warnings + Self.warnings(about: tokens)
        )
    }

    /// Latent frames that are denoised: the original never takes fewer than 128.
    func workingFrames(_ request: MusicRequest) -> Int {
        compatibility == .original ? max(request.frames, 128) : request.frames
    }

    /// Each item's noise from its own generator, drawn in the model's type at the item's own length.
    func noise(_ run: GenerationRun) throws -> Tensor {
        let shape = [1, workingFrames(run.request), configuration.latentChannels]
        let items = try (0..<run.request.batch).map { item in
            try Tensor.randn(
                shape,
                generator: Generator(seed: run.seed &+ UInt64(item), device: device),
                dtype: dtype,
                device: device
            )
        }
        return try Tensor.cat(items, dimension: 0)
    }

    /// The Euler steps of the flow from noise to music.
    ///
    /// - Returns: `[batch, frames, latentChannels]`.
    func denoise(
        _ noise: Tensor,
        conditions: Tensor,
        run: GenerationRun,
        timings: inout GenerationTimings,
        observe: Observer?,
        report: (GenerationEvent) throws -> Void
    ) throws -> Tensor {
        let clock = ContinuousClock()
        let started = clock.now
        let batch = noise.dimension(0)
        let schedule = try schedule(run.parameters)
        let context = try context(frames: noise.dimension(1), batch: batch)
        let times = Array(schedule.times.dropLast())
        let plan = try transformer.plan(
            conditions: conditions.expand([batch, conditions.dimension(1), conditions.dimension(2)]),
            context: context,
            times: times
        )
        let isGuided = run.parameters.guidance > 1
        let unconditional =
            isGuided
            ? try transformer.plan(
                conditions: conditionEncoder.unconditional(batch: batch, file: weights.conditionEncoder.file),
                context: context,
                times: times
            ) : nil
        var guidance = AdaptiveProjectedGuidance(scale: run.parameters.guidance)
        let planned = clock.now
        timings.planning = (planned - started).inSeconds
        var latents = noise
        for step in times.indices {
            var velocity = try transformer.velocity(latents, step: step, plan: plan)
            let interval = run.request.guidanceInterval
            if let unconditional, interval.contains(time: times[step], compatibility: compatibility) {
                velocity = try guidance(
                    conditional: velocity,
                    unconditional: transformer.velocity(latents, step: step, plan: unconditional)
                )
            }
            let change = Double(schedule.times[step + 1] - schedule.times[step])
            latents = try latents.to(.float32).adding(velocity.to(.float32), alpha: change).to(dtype)
            try requireFinite(latents, what: "the latents after step \(step + 1) are")
            try observe?("latents.\(step)", latents)
            try report(.denoised(step: step + 1, of: times.count))
        }
        timings.denoising = (clock.now - planned).inSeconds
        return latents
    }

    private func schedule(_ parameters: SamplingParameters) throws -> Schedule {
        let precision: Schedule.Precision =
            compatibility != .original ? .float32 : configuration.variant == .turbo ? .roundedToBFloat16 : .bfloat16
        return try Schedule(steps: parameters.steps, shift: parameters.shift, precision: precision)
    }

    /// Source latents and mask for music from text alone: silence, and 1 ("generate") everywhere.
    private func context(frames: Int, batch: Int) throws -> Tensor {
        let source = try silence(frames: frames)
        let mask = try Tensor.ones(source.shape, dtype: dtype, device: device)
        let context = try Tensor.cat([source, mask], dimension: -1)
        return try context.expand([batch, frames, context.dimension(2)])
    }

    func decode(
        _ latents: Tensor,
        run: GenerationRun,
        observe: Observer?,
        report: (GenerationEvent) throws -> Void
    ) throws -> [GeneratedPiece] {
        let batch = latents.dimension(0)
        var decoded: [Tensor] = []
        for item in 0..<batch {
            let latent = try latents.slice(0, from: item, to: item + 1).transpose(1, 2)
            let audio = try decoding.decode(latent, with: decoder) { share in
                try report(.decoded((Double(item) + share) / Double(batch)))
            }
            try requireFinite(audio, what: "the decoded audio is")
            decoded.append(try Loudness.normalised(audio))
        }
        try observe?("audio", Tensor.cat(decoded, dimension: 0))
        return try decoded.enumerated().map { item, audio in
            GeneratedPiece(
                channels: try (0..<audio.dimension(1)).map { try audio.select(0, 0).select(0, $0).floats() },
                sampleRate: autoencoderConfiguration.sampleRate,
                seed: run.seed &+ UInt64(item)
            )
        }
    }

    private var decoding: TiledDecoding { TiledDecoding(frames: 128, context: decoder.reach) }

    /// NaN in a weight shows in everything computed from it; only then is it worth reading every weight to name it.
    private func requireFinite(_ tensor: Tensor, what: String) throws {
        guard try !tensor.isFinite else { return }
        let broken = try firstBrokenWeight()
        throw ModelError.notFinite(
            what: what,
            advice: broken.map { "\($0) holds NaN or infinity: the checkpoint is damaged" }
                ?? "the weights are finite, so an adapter or its strength is the cause, or the type's range"
        )
    }

    private static func warnings(about tokens: Tokens) -> [String] {
        var warnings: [String] = []
        if tokens.cutFromCaption > 0 {
            warnings.append(
                "the tags are too long: \(tokens.cutFromCaption) tokens beyond \(Prompt.longestCaption) were cut"
            )
        }
        if tokens.cutFromLyrics > 0 {
            warnings.append(
                "the lyrics are too long: \(tokens.cutFromLyrics) tokens beyond \(Prompt.longestLyrics) were cut"
            )
        }
        return warnings
    }
}

/// How loud a finished piece is.
enum Loudness {
    /// −1 dBFS as an amplitude.
    private static let peak = 0.891_250_938_133_745_6

    /// Brings the highest peak to −1 dBFS; first down to full scale where it is above, as the reference does.
    ///
    /// - Parameter audio: `[1, channels, samples]`, float32.
    static func normalised(_ audio: Tensor) throws -> Tensor {
        let highest = try audio.abs().max().item()
        let unclipped = highest > 1 ? try audio / highest : audio
        return try unclipped * (peak / Swift.max(Swift.min(highest, 1), 1e-6))
    }
}

extension ContinuousClock {
    /// Seconds that `work` takes.
    func seconds(_ work: () throws -> Void) rethrows -> Double {
        let start = now
        try work()
        return (now - start).inSeconds
    }
}

extension Duration {
    /// The duration in seconds.
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
