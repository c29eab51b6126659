// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

extension MusicModel {
    /// The Euler steps of the flow from noise to music, all items in one loop.
    ///
    /// - Parameters:
    ///   - batch: the encoded prompts.
    ///   - run: the pieces to make.
    ///   - voicing: which blend of the attached adapters acts on which tokens.
    ///   - timings: receives the seconds of planning and of the steps.
    ///   - beforeStep: told the point of the denoising; says whether weights have changed.
    ///   - observe: told the noise and every step's latents.
    ///   - report: told of every step.
    /// - Returns: for each item `[1, frames, latentChannels]` at its own length.
    /// - Throws: ``ModelError/notFinite(what:advice:)`` if a step gives NaN; ``ModelError/missingPart(name:lookedIn:)`` if
    ///   the checkpoint was not trained for guidance; `TorchError` if an operation fails; what `observe` and `report` throw.
    func denoise(
        _ batch: EncodedBatch,
        run: GenerationRun,
        voicing: Voicing?,
        timings: inout GenerationTimings,
        beforeStep: ((Double) throws -> Bool)?,
        observe: Observer?,
        report: (GenerationEvent) throws -> Void
    ) throws -> [Tensor] {
        let started = ContinuousClock.now
        let frames = run.items.map { workingFrames($0.request) }
        let noise = try noise(run, frames: frames)
        try observe?("noise", noise)
        let schedule = try schedule(run.parameters)
        let times = Array(schedule.times.dropLast())
        let lengths = DiffusionTransformer.Lengths(conditions: batch.lengths, frames: frames)
        let context = try context(frames: frames)
        let makePlans = {
            (
                try self.transformer.plan(
                    conditions: batch.conditions,
                    context: context,
                    times: times,
                    lengths: lengths,
                    voicing: voicing
                ),
                try self.unconditionalPlan(run, context: context, times: times, lengths: lengths, voicing: voicing)
            )
        }
        var (plan, unconditional) = try makePlans()
        let mask = try frameMask(frames)
        var guidance = AdaptiveProjectedGuidance(scale: run.parameters.guidance)
        let planned = ContinuousClock.now
        timings.planning = (planned - started).inSeconds
        var latents = noise
        for step in times.indices {
            if step > 0, try beforeStep?(Double(step) / Double(times.count - 1)) == true {
                (plan, unconditional) = try makePlans()
            }
            var velocity = try masked(transformer.velocity(latents, step: step, plan: plan), mask)
            let isGuided =
                unconditional != nil && run.guidanceInterval.contains(time: times[step], compatibility: compatibility)
            if let unconditional, isGuided {
                velocity = try guidance(
                    conditional: velocity,
                    unconditional: masked(
                        transformer.velocity(latents, step: step, plan: unconditional),
                        mask
                    )
                )
            }
            timings.forwardPasses += isGuided ? 2 : 1
            let change = Double(schedule.times[step + 1] - schedule.times[step])
            latents = try latents.to(.float32).adding(velocity.to(.float32), alpha: change).to(dtype)
            try requireFinite(latents, what: "the latents after step \(step + 1) are")
            try observe?("latents.\(step)", latents)
            try report(.denoised(step: step + 1, of: times.count))
        }
        timings.denoising = planned.secondsUntilNow
        if frames.allSatisfy({ $0 == frames[0] }) {
            try observe?("latents", latents.slice(1, from: 0, to: run.items[0].request.frames))
        }
        return try run.items.enumerated().map { position, item in
            try latents.slice(0, from: position, to: position + 1).slice(1, from: 0, to: item.request.frames)
        }
    }

    /// Latent frames that are denoised: the original never takes fewer than 128.
    func workingFrames(_ request: MusicRequest) -> Int {
        compatibility == .original ? max(request.frames, 128) : request.frames
    }

    /// Each item's noise from its own generator, drawn in the model's type at the item's own length.
    private func noise(_ run: GenerationRun, frames: [Int]) throws -> Tensor {
        if let given = run.noise {
            let shape = [frames.count, frames.max() ?? 0, configuration.latentChannels]
            return try Tensor(given, shape: shape).to(dtype).to(device)
        }
        return try Self.filled(
            zip(run.items, frames).map { item, frames in
                try Tensor.randn(
                    [1, frames, configuration.latentChannels],
                    generator: Generator(seed: item.seed, device: device),
                    dtype: dtype,
                    device: device
                )
            }
        )
    }

    private func schedule(_ parameters: SamplingParameters) throws -> Schedule {
        let precision: Schedule.Precision =
            compatibility != .original ? .float32 : configuration.variant == .turbo ? .roundedToBFloat16 : .bfloat16
        return try Schedule(steps: parameters.steps, shift: parameters.shift, precision: precision)
    }

    /// Source latents and mask for music from text alone: silence, and 1 ("generate") everywhere.
    ///
    /// Behind the end of a shorter item everything is zero, as behind the last frame of an odd length.
    private func context(frames: [Int]) throws -> Tensor {
        try Self.filled(frames.map { try prompts.context(frames: $0) })
    }

    private func unconditionalPlan(
        _ run: GenerationRun,
        context: Tensor,
        times: [Float],
        lengths: DiffusionTransformer.Lengths,
        voicing: Voicing?
    ) throws -> DiffusionTransformer.Plan? {
        guard run.parameters.guidance > 1 else { return nil }
        let count = run.items.count
        let none = try conditionEncoder.unconditional(batch: count, file: weights.conditionEncoder.file)
        return try transformer.plan(
            conditions: none,
            context: context,
            times: times,
            lengths: .init(conditions: Array(repeating: none.dimension(1), count: count), frames: lengths.frames),
            voicing: voicing
        )
    }

    /// One for each real frame, `[items, frames, 1]`; nil where all items have the same length.
    private func frameMask(_ frames: [Int]) throws -> Tensor? {
        guard frames.contains(where: { $0 != frames[0] }) else { return nil }
        return try Self.filled(frames.map { try Tensor.ones([1, $0, 1], dtype: dtype, device: device) })
    }

    private func masked(_ velocity: Tensor, _ mask: Tensor?) throws -> Tensor {
        guard let mask else { return velocity }
        return try velocity * mask
    }
}
