// SPDX-License-Identifier: Apache-2.0

package import AdapterFormats

/// What a study is told: the file of `lumina attribute --config`.
package struct StudyConfiguration: Sendable, Equatable {
    /// The checkpoint; nil is the embedded model.
    package var model: String?
    /// The model in a directory of several.
    package var variant: String?
    /// `auto`, `cpu`, `cuda` or `cuda:N`.
    package var device = "auto"
    /// What generating computes in: `auto`, `float32` or `bfloat16`.
    package var dtype = "auto"
    /// The folder of tensors; nil only if all adapters are given.
    package var dataset: String?
    /// What the data set's parts are.
    package var parts = StudyPart.Rule.genre
    /// The parts that are left out in turn; nil for all.
    package var leaveOut: [String]?
    /// An adapter that was trained on everything; nil trains it.
    package var adapter: String?
    /// Adapters that were trained without a part, by the part's name; the others are trained.
    package var leftOutAdapters: [String: String] = [:]
    /// Whether everything is trained a second time with another seed, to see what chance moves.
    package var trainsAgain = false
    /// Settings of the trainings, as `lumina train --config` takes them.
    package var training = JSONObject()
    /// What is asked of the models.
    package var prompts: [Prompt] = []
    /// Where the noise comes from.
    package var seeds: [UInt64] = []
    /// How it is asked.
    package var generation = Generation()
    /// How trajectories are compared.
    package var comparison = Comparison()
    /// What an adapter has to do to pass.
    package var verdict = Verdict.Rule()
    /// Whether an adapter that passes gets the registry's alias.
    package var promotes = false
    /// Processes that work at once.
    package var parallel = 1
    /// Compute threads of each; nil shares the cores.
    package var threads: Int?
    /// The study's folder.
    package var output = ""

    /// Nothing asked yet.
    package init() {}

    /// A prompt.
    package struct Prompt: Sendable, Equatable {
        /// What tables call it.
        package var name: String
        /// The part that it belongs to; nil for one that no part should matter to.
        package var part: String?
        /// What the music is.
        package var tags: String
        /// What is sung.
        package var lyrics = "[Instrumental]"
        /// Seconds; nil takes the generation's.
        package var duration: Double?
        /// Beats a minute, as written.
        package var bpm: String?
        /// The key.
        package var keyScale: String?
        /// Beats of a bar.
        package var timeSignature: String?
        /// The code of the lyrics' language.
        package var language = "unknown"

        /// A prompt of tags alone.
        package init(name: String, part: String?, tags: String) {
            (self.name, self.part, self.tags) = (name, part, tags)
        }
    }

    /// How prompts are asked.
    package struct Generation: Sendable, Equatable {
        /// Seconds of each piece.
        package var duration = 10.0
        /// Denoising steps; nil for the adapter's or the variant's.
        package var steps: Int?
        /// Guidance; nil for the variant's.
        package var guidance: Double?
        /// Shift; nil for the adapter's or the variant's.
        package var shift: Double?
        /// The adapters' strength.
        package var weight = 1.0
        /// Seeds that are denoised together.
        package var batch = 5

        /// The defaults.
        package init() {}
    }

    /// How trajectories are compared.
    package struct Comparison: Sendable, Equatable {
        /// What counts as a point, and how exact the transport is.
        package var distance = TrajectoryDistance()
        /// How much each step counts.
        package var weights = StepWeights.linear

        /// The defaults.
        package init() {}
    }
}
