// SPDX-License-Identifier: Apache-2.0

/// What is wrong with settings, and what is merely unusual: all of it at once.
package struct SettingsCheck: Sendable, Equatable {
    /// Why the run cannot begin.
    package private(set) var problems: [String] = []
    /// What the user should know.
    package private(set) var warnings: [String] = []

    /// Checks settings by themselves, without looking at any file.
    package init(_ settings: TrainingSettings) {
        checkBase(settings.model)
        checkOptimization(settings.optimization)
        checkSchedule(settings)
        checkObjective(settings)
        checkAdapter(settings.adapter)
        checkData(settings.data)
        checkOutput(settings)
    }

    /// Nothing to say.
    init() {}

    /// Adds what another check found.
    package mutating func add(_ other: SettingsCheck) {
        problems += other.problems
        warnings += other.warnings
    }

    mutating func refuse(_ problem: String) { problems.append(problem) }
    mutating func warn(_ warning: String) { warnings.append(warning) }

    /// Ends a run that cannot begin.
    ///
    /// - Throws: `TrainingRunsError.checks` with all problems.
    package func validate() throws(TrainingRunsError) {
        guard problems.isEmpty else { throw .checks(problems) }
    }

    private mutating func require(_ holds: Bool, _ flag: String, _ value: some Any, _ rule: String) {
        if !holds { refuse("\(flag) is \(value); it must be \(rule)") }
    }

    private mutating func checkBase(_ settings: BaseSettings) {
        let isKnown = ["auto", "cpu", "cuda"].contains(settings.device) || settings.device.hasPrefix("cuda:")
        if !isKnown { refuse("--device \(settings.device) is none that is computed on; use auto, cpu, cuda or cuda:1") }
        if settings.precision == .float16 {
            refuse("--precision fp16: its range is too small for gradients; use bf16 or fp32")
        }
    }

    private mutating func checkOptimization(_ settings: OptimizationSettings) {
        let rate = settings.learningRate
        require(rate > 0 && rate <= 1, "--lr", rate.shortest, "above 0 and at most 1")
        let usual = settings.optimizer == .prodigy ? 1e-6...1 : 1e-6...2e-3
        if rate > 0, rate <= 1, !usual.contains(rate) {
            warn("--lr \(rate.shortest) is unusual; adapters are mostly trained with 1e-5 to 1e-3")
        }
        require(settings.batchSize >= 1, "--batch-size", settings.batchSize, "at least 1")
        require(settings.accumulation >= 1, "--gradient-accumulation", settings.accumulation, "at least 1")
        require(settings.epochs >= 1, "--epochs", settings.epochs, "at least 1")
        require(settings.maximumSteps >= 0, "--max-steps", settings.maximumSteps, "0 or more")
        require(settings.maximumGradientNorm > 0, "--max-grad-norm", settings.maximumGradientNorm, "above 0")
        require((0...1).contains(settings.weightDecay), "--weight-decay", settings.weightDecay, "0 to 1")
        require((0..<1).contains(settings.averageDecay), "--ema-decay", settings.averageDecay, "at least 0 and below 1")
        require((0...(1 << 53)).contains(settings.seed), "--seed", settings.seed, "0 to 2^53")
        require(
            settings.checkpointingRatio.isFinite && settings.checkpointingRatio <= 1,
            "--gradient-checkpointing-ratio",
            settings.checkpointingRatio,
            "at most 1"
        )
        switch settings.optimizer {
        case .adamW: break
        case .adamW8bit:
            warn("adamw8bit keeps its moments in 8 bits only on some GPUs: AdamW in float32 is used instead")
        case .adafactor, .prodigy:
            refuse("--optimizer-type \(settings.optimizer.rawValue) is not implemented; there is adamw")
        }
    }

    private mutating func checkSchedule(_ settings: TrainingSettings) {
        let schedule = settings.schedule
        require(schedule.warmupSteps >= 0, "--warmup-steps", schedule.warmupSteps, "0 or more")
        let start = schedule.warmupStart
        require(start > 0 && start <= 1, "--warmup-start-factor", start, "above 0 and at most 1")
        require((0...1).contains(schedule.cosineFloor), "--cosine-eta-min-ratio", schedule.cosineFloor, "0 to 1")
        require(schedule.restarts >= 1, "--cosine-restarts-count", schedule.restarts, "at least 1")
        guard schedule.kind == .custom else { return }
        guard !schedule.formula.isEmpty else {
            refuse("--scheduler-type custom needs --scheduler-formula, such as 'base_lr * (1 - progress)'")
            return
        }
        do {
            _ = try RateFormula(schedule.formula)
        } catch {
            refuse("\(error)")
        }
    }

    private mutating func checkObjective(_ settings: TrainingSettings) {
        let timesteps = settings.timesteps
        let ratio = timesteps.adaptiveRatio
        require((0...1).contains(ratio), "--adaptive-timestep-ratio", ratio, "0 to 1")
        require((0...1).contains(timesteps.conditionDropout), "--cfg-ratio", timesteps.conditionDropout, "0 to 1")
        if let deviation = timesteps.deviation {
            require(deviation > 0 && deviation.isFinite, "--timestep-sigma", deviation, "above 0")
        }
        if let mean = timesteps.mean { require(mean.isFinite, "--timestep-mu", mean, "a finite number") }
        if let shift = timesteps.shift { require((0.01...100).contains(shift), "--shift", shift, "0.01 to 100") }
        if let steps = timesteps.inferenceSteps {
            require((1...1000).contains(steps), "--num-inference-steps", steps, "1 to 1000")
        }
        require(settings.loss.gamma > 0, "--snr-gamma", settings.loss.gamma, "above 0")
        guard ratio > 0 else { return }
        if settings.variant.isTurbo || timesteps.mode == .discrete {
            warn("--adaptive-timestep-ratio has no effect on turbo models and in discrete mode")
        } else if Int(Double(settings.optimization.batchSize) * ratio) == 0 {
            warn(
                "--adaptive-timestep-ratio \(ratio) of a batch of \(settings.optimization.batchSize) is no sample: "
                    + "it has no effect"
            )
        } else {
            refuse("--adaptive-timestep-ratio: drawing times where the loss is high is not implemented; leave it at 0")
        }
    }

    private mutating func checkAdapter(_ adapter: AdapterSettings) {
        if adapter.family == .oft {
            require((2...4096).contains(adapter.oft.blockSize), "--oft-block-size", adapter.oft.blockSize, "2 to 4096")
            require(adapter.oft.epsilon > 0, "--oft-eps", adapter.oft.epsilon, "above 0")
            if adapter.rank != AdapterSettings().rank || adapter.alpha != AdapterSettings().alpha {
                warn("--rank and --alpha mean nothing to OFT, whose size is --oft-block-size")
            }
        } else {
            require((1...1024).contains(adapter.effectiveRank), "--rank", adapter.effectiveRank, "1 to 1024")
            let alpha = adapter.effectiveAlpha
            require(alpha >= 1 && alpha.isFinite, "--alpha", alpha.shortest, "at least 1")
        }
        require((0..<1).contains(adapter.dropout), "--dropout", adapter.dropout, "at least 0 and below 1")
        for entry in adapter.rankPattern where Int(exactly: entry.value).map({ (1...1024).contains($0) }) != true {
            refuse("rank_pattern: '\(entry.pattern)' is \(entry.value.shortest); it must be a whole number, 1 to 1024")
        }
        if adapter.family.isLyCORIS {
            let changed = adapter.targets != AdapterSettings.defaultTargets || adapter.attention != .both
            if changed || !adapter.includesMLP {
                warn("\(adapter.family.rawValue) wraps every layer of the decoder: targets have no effect on it")
            }
        } else if adapter.targetModules.isEmpty {
            refuse("--target-modules is empty: there is nothing to train")
        }
        if adapter.bias != .none {
            warn("--bias \(adapter.bias.rawValue) trains nothing: the projections have no bias")
        }
    }

    private mutating func checkData(_ data: DataSettings) {
        require((0...256).contains(data.workers), "--num-workers", data.workers, "0 to 256")
        require(data.repeats >= 1, "--dataset-repeats", data.repeats, "at least 1")
        require((0...0.5).contains(data.validationShare), "--val-split", data.validationShare, "0 to 0.5")
        require(data.chunkDecayInterval >= 0, "--chunk-decay-every", data.chunkDecayInterval, "0 or more")
        if let frames = data.maximumLatentLength { require(frames >= 0, "--max-latent-length", frames, "0 or more") }
        if let mode = data.cropMode, !["full", "seconds", "latent"].contains(mode) {
            refuse("--crop-mode is '\(mode)'; it must be full, seconds or latent")
        }
        guard let seconds = data.chunkDuration, seconds != 0 else { return }
        if seconds < 10 {
            refuse("--chunk-duration is \(seconds) s; music needs at least 10, and 60 is advised")
        } else if seconds < 60 {
            warn("--chunk-duration \(seconds) is short: 60 seconds keep the form of a song")
        }
    }

    private mutating func checkOutput(_ settings: TrainingSettings) {
        let (output, stopping) = (settings.output, settings.stopping)
        require(output.saveInterval >= 1, "--save-every", output.saveInterval, "at least 1")
        require(output.keptCheckpoints >= 0, "--keep-checkpoints", output.keptCheckpoints, "0 or more")
        require(output.logInterval >= 1, "--log-every", output.logInterval, "at least 1")
        require(output.heavyLogInterval >= 0, "--log-heavy-every", output.heavyLogInterval, "0 or more")
        require(stopping.bestAfterEpoch >= 0, "--save-best-after", stopping.bestAfterEpoch, "0 or more")
        require(stopping.bestStepInterval >= 0, "--save-best-every-n-steps", stopping.bestStepInterval, "0 or more")
        require(stopping.patience >= 0, "--early-stop-patience", stopping.patience, "0 or more")
        require(stopping.targetLoss >= 0, "--target-loss", stopping.targetLoss, "0 or more")
        let floor = stopping.targetFloor
        require(floor > 0 && floor <= 1, "--target-loss-floor", floor, "above 0 and at most 1")
        require(stopping.targetWarmup >= 0, "--target-loss-warmup", stopping.targetWarmup, "0 or more")
        let smoothing = stopping.targetSmoothing
        require(smoothing > 0 && smoothing < 1, "--target-loss-smoothing", smoothing, "between 0 and 1")
        checkStopping(settings)
    }

    private mutating func checkStopping(_ settings: TrainingSettings) {
        let (stopping, epochs) = (settings.stopping, settings.optimization.epochs)
        let looksForBest = stopping.savesBest && stopping.bestAfterEpoch > 0
        if looksForBest, stopping.bestAfterEpoch > epochs {
            warn(
                "best/ is looked for from epoch \(stopping.bestAfterEpoch) on, the run has \(epochs): there will be none"
            )
        }
        if stopping.patience > 0, !looksForBest {
            warn("--early-stop-patience has no effect where the best is not looked for (--save-best-after)")
        }
        guard stopping.targetLoss > 0 else { return }
        if settings.optimization.optimizer == .prodigy {
            warn("--target-loss has no effect with prodigy, which finds its own rate")
        }
        if stopping.patience > 0 { warn("--early-stop-patience is off: --target-loss keeps the loss from falling") }
        if settings.schedule.kind == .cosineRestarts {
            warn("--target-loss works against the restarts of cosine_restarts")
        }
        if settings.schedule.cosineFloor * stopping.targetFloor < 1e-4 {
            warn("at its end the schedule times --target-loss-floor is a rate that trains nothing")
        }
    }
}
