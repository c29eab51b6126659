// SPDX-License-Identifier: Apache-2.0

package import AdapterFormats

/// Everything a run is asked to do: what `training_args.json` holds, and what makes the run again.
///
/// The defaults are Side-Step's for a 2B model. ``SettingField`` has the names of all settings in files.
package struct TrainingSettings: Sendable, Equatable {
    /// The base.
    package var model = BaseSettings()
    /// The training data.
    package var data = DataSettings()
    /// The adapter's family, size and places.
    package var adapter = AdapterSettings()
    /// Steps of the optimizer.
    package var optimization = OptimizationSettings()
    /// The learning rate over time.
    package var schedule = ScheduleSettings()
    /// Which noise levels are trained.
    package var timesteps = TimestepSettings()
    /// How the loss is weighted.
    package var loss = LossSettings()
    /// Where results go and how often.
    package var output = OutputSettings()
    /// When the run ends early, and what counts as best.
    package var stopping = StoppingSettings()
    /// What the run continues.
    package var resume = ResumeSettings()
    /// Settings of other tools, kept when a file is rewritten.
    package var others = JSONObject()

    /// The defaults.
    package init() {}
}

/// Which base is adapted, and in what numbers.
package struct BaseSettings: Sendable, Equatable {
    /// The checkpoint's path; nil is the small model that Lumina makes itself.
    package var checkpoint: String?
    /// The model in a directory of several (`turbo`, `base`, `xl-sft`, …), or a folder's name; nil if there is one only.
    package var variant: String?
    /// `auto`, `cpu`, `cuda` or `cuda:N`.
    package var device = "auto"
    /// What the base computes in.
    package var precision = Precision.auto

    /// The defaults.
    package init() {}

    /// What the base computes in; adapters are float32 always.
    package enum Precision: String, Sendable, CaseIterable {
        /// bfloat16 where the machine has fast products of it, else float32.
        case auto
        /// bfloat16.
        case bfloat16 = "bf16"
        /// float16, which nothing trains in: its range is too small for gradients.
        case float16 = "fp16"
        /// float32.
        case float32 = "fp32"
    }
}

/// The training data, and what of it is seen at a time.
package struct DataSettings: Sendable, Equatable {
    /// The folder of preprocessed tensors.
    package var directory: String?
    /// Threads that read ahead; 0 reads in the loop.
    package var workers = 4
    /// Samples that each thread reads ahead.
    package var prefetch = 2
    /// Keep host memory pinned for a GPU.
    package var pinsMemory = true
    /// Keep threads over epochs.
    package var keepsWorkers = true
    /// Seconds of a crop; nil or 0 takes whole songs.
    package var chunkDuration: Int?
    /// Latent frames of a crop; wins over ``chunkDuration``.
    package var maximumLatentLength: Int?
    /// A hint of other tools' pages: full, seconds or latent.
    package var cropMode: String?
    /// Epochs after which the counts of what was seen are halved; 0 never.
    package var chunkDecayInterval = 10
    /// How often each sample stands in an epoch.
    package var repeats = 1
    /// Share of the samples that is only validated on.
    package var validationShare = 0.0

    /// The defaults.
    package init() {}

    /// Seconds of a latent frame.
    package static let framesPerSecond = 25.0

    /// Latent frames of a crop, ``maximumLatentLength`` first; nil for whole songs.
    ///
    /// - Parameter framesPerSecond: of the data, where it says so.
    /// - Returns: frames.
    package func cropLength(framesPerSecond: Double = Self.framesPerSecond) -> Int? {
        if let maximumLatentLength, maximumLatentLength > 0 { return maximumLatentLength }
        guard let chunkDuration, chunkDuration > 0 else { return nil }
        return max(1, Int(Double(chunkDuration) * framesPerSecond))
    }
}

/// The optimizer and its steps.
package struct OptimizationSettings: Sendable, Equatable {
    /// The base learning rate.
    package var learningRate = 3e-4
    /// Samples of a micro-step.
    package var batchSize = 1
    /// Micro-steps of a step.
    package var accumulation = 4
    /// Passes over the data.
    package var epochs = 1000
    /// Steps after which the run ends whatever the epochs; 0 has no limit.
    package var maximumSteps = 0
    /// Decoupled weight decay.
    package var weightDecay = 0.01
    /// The norm that gradients are clipped to.
    package var maximumGradientNorm = 1.0
    /// Where all random numbers come from.
    package var seed = 42
    /// Which optimizer.
    package var optimizer = Optimizer.adamW
    /// Recompute activations in the backward pass.
    package var usesCheckpointing = true
    /// Share of the layers that is recomputed; 0 or less none.
    package var checkpointingRatio = 1.0
    /// Keep the encoders out of a GPU's memory; Lumina never loads them for training.
    package var offloadsEncoder = true
    /// Decay of the moving average of the weights; 0 has none.
    package var averageDecay = 0.0

    /// The defaults.
    package init() {}

    /// Optimizers by Side-Step's names.
    package enum Optimizer: String, Sendable, CaseIterable {
        /// AdamW, betas 0.9 and 0.999, epsilon 1e-8.
        case adamW = "adamw"
        /// AdamW with 8-bit moments; plain AdamW where it is not to be had.
        case adamW8bit = "adamw8bit"
        /// Adafactor with a given rate.
        case adafactor
        /// Prodigy.
        case prodigy
    }
}

/// The learning rate over time.
package struct ScheduleSettings: Sendable, Equatable {
    /// The curve.
    package var kind = Kind.cosine
    /// The rate as an expression of the step, for ``Kind/custom``.
    package var formula = ""
    /// Steps of warm-up; at most a tenth of all.
    package var warmupSteps = 100
    /// Share of the rate that warm-up begins with.
    package var warmupStart = 0.1
    /// Share of the rate that a cosine ends at.
    package var cosineFloor = 0.01
    /// Periods of a cosine with restarts.
    package var restarts = 4

    /// The defaults.
    package init() {}

    /// Curves by Side-Step's names.
    package enum Kind: String, Sendable, CaseIterable {
        /// Half a cosine down to the floor.
        case cosine
        /// Several halves of a cosine.
        case cosineRestarts = "cosine_restarts"
        /// A line down to a hundredth.
        case linear
        /// The base rate; warm-up all the same.
        case constant
        /// The base rate behind warm-up.
        case constantWithWarmup = "constant_with_warmup"
        /// A formula.
        case custom
    }
}

/// Which noise levels are trained, and how often without a condition.
package struct TimestepSettings: Sendable, Equatable {
    /// How a noise level is drawn.
    package var mode = Mode.continuous
    /// Mean of the logit; nil takes the model's.
    package var mean: Double?
    /// Deviation of the logit; nil takes the model's.
    package var deviation: Double?
    /// Share of a batch that is drawn where the loss is high; 0 none.
    package var adaptiveRatio = 0.0
    /// Share of the samples that are trained without their condition.
    package var conditionDropout = 0.15
    /// The shift that generation should use; nil takes the variant's.
    ///
    /// It does not influence training.
    package var shift: Double?
    /// The steps that generation should use; nil takes the variant's.
    ///
    /// They do not influence training.
    package var inferenceSteps: Int?

    /// The defaults.
    package init() {}

    /// How a noise level is drawn.
    package enum Mode: String, Sendable, CaseIterable {
        /// The larger of two logit-normal draws.
        case continuous
        /// One of the eight levels that turbo models sample with.
        case discrete
    }
}

/// How the loss is weighted.
package struct LossSettings: Sendable, Equatable {
    /// The weight of a noise level.
    package var weighting = Weighting.none
    /// The bound of ``Weighting/minimumSNR``.
    package var gamma = 5.0

    /// The defaults.
    package init() {}

    /// Weights of noise levels by Side-Step's names.
    package enum Weighting: String, Sendable, CaseIterable {
        /// The plain mean.
        case none
        /// min(SNR, γ)/SNR.
        case minimumSNR = "min_snr"
    }
}

/// Where results go, and how often.
package struct OutputSettings: Sendable, Equatable {
    /// The run's folder.
    package var directory: String?
    /// The run's name, for its logs.
    package var runName: String?
    /// Where TensorBoard's files go; nil is `runs` in the run's folder.
    package var logDirectory: String?
    /// Epochs between checkpoints.
    package var saveInterval = 50
    /// How many checkpoints are kept; 0 keeps all.
    package var keptCheckpoints = 0
    /// Steps between log entries.
    package var logInterval = 10
    /// Steps between entries for each parameter; 0 has none.
    package var heavyLogInterval = 50

    /// The defaults.
    package init() {}
}

/// When the run ends early, and what counts as best.
package struct StoppingSettings: Sendable, Equatable {
    /// Keep the best weights.
    package var savesBest = true
    /// The epoch from which on the best is looked for; 0 never.
    package var bestAfterEpoch = 200
    /// Steps between looks for a best inside an epoch; 0 only at its end.
    package var bestStepInterval = 0
    /// Epochs without a best after which the run ends; 0 never.
    package var patience = 0
    /// The loss that the rate is damped towards; 0 none.
    package var targetLoss = 0.0
    /// The smallest damping.
    package var targetFloor = 0.01
    /// Steps before damping begins.
    package var targetWarmup = 50
    /// Weight of the past in the loss's moving average.
    package var targetSmoothing = 0.98

    /// The defaults.
    package init() {}
}

/// What a run continues.
package struct ResumeSettings: Sendable, Equatable {
    /// A checkpoint's folder or a file in it.
    package var path: String?
    /// Refuse what would change the meaning of the state, rather than warn.
    package var isStrict = true

    /// The defaults.
    package init() {}
}
