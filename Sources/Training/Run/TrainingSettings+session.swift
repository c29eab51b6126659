// SPDX-License-Identifier: Apache-2.0

package import ACEStep
package import TrainingRuns

extension AdapterDesign {
    /// The adapter that settings ask for.
    package init(_ settings: AdapterSettings) {
        self.init(Self.family(settings), targets: settings.targetModules)
    }

    private static func family(_ settings: AdapterSettings) -> Family {
        switch settings.family {
        case .lora, .dora: .lowRank(LowRank(settings))
        case .oft: .rotation(Rotation(settings.oft))
        case .lokr: .kronecker(Kronecker(settings))
        case .loha: .hadamard(Hadamard(settings))
        }
    }
}

extension AdapterDesign.LowRank {
    fileprivate init(_ settings: AdapterSettings) {
        self.init()
        rank = settings.rank
        alpha = settings.alpha
        dropout = settings.dropout
        usesMagnitudes = settings.family == .dora
        isStabilized = settings.isRankStabilised
        ranks = settings.rankPattern.map { ($0.pattern, Int($0.value)) }
        alphas = settings.alphaPattern.map { ($0.pattern, $0.value) }
    }
}

extension AdapterDesign.Rotation {
    fileprivate init(_ settings: RotationTrainingSettings) {
        self.init()
        blockSize = settings.blockSize
        isConstrained = settings.isConstrained
        epsilon = settings.epsilon
    }
}

extension AdapterDesign.Kronecker {
    fileprivate init(_ settings: AdapterSettings) {
        self.init()
        rank = settings.effectiveRank
        alpha = settings.effectiveAlpha
        factor = settings.lokr.factor
        decomposesBoth = settings.lokr.decomposesBoth
        usesTucker = settings.lokr.usesTucker
        usesScalar = settings.lokr.usesScalar
        usesMagnitudes = settings.lokr.decomposesWeight
    }
}

extension AdapterDesign.Hadamard {
    fileprivate init(_ settings: AdapterSettings) {
        self.init()
        rank = settings.effectiveRank
        alpha = settings.effectiveAlpha
        usesTucker = settings.loha.usesTucker
        usesScalar = settings.loha.usesScalar
    }
}

extension Objective {
    /// What settings ask to learn.
    ///
    /// - Parameters:
    ///   - settings: the run's.
    ///   - configuration: the model's, whose times count where the settings name none.
    package init(_ settings: TrainingSettings, _ configuration: ModelConfiguration) {
        let times: Times =
            switch settings.timesteps.mode {
            case .discrete: .discrete
            case .continuous:
                .continuous(
                    mean: settings.timesteps.mean ?? configuration.timeMean,
                    deviation: settings.timesteps.deviation ?? configuration.timeDeviation
                )
            }
        let weighting: Weighting =
            switch settings.loss.weighting {
            case .none: .uniform
            case .minimumSNR: .minimumSNR(gamma: settings.loss.gamma)
            }
        self.init(times: times, conditionDropout: settings.timesteps.conditionDropout, weighting: weighting)
    }
}

extension TrainingSession.Options {
    /// What a run's settings make of a step.
    ///
    /// - Parameters:
    ///   - settings: the run's.
    ///   - configuration: the model's.
    ///   - cacheByteBudget: the most memory for products that stay the same in every epoch.
    package init(_ settings: TrainingSettings, _ configuration: ModelConfiguration, cacheByteBudget: Int) {
        self.init(objective: Objective(settings, configuration))
        let optimization = settings.optimization
        recomputed = Recomputation.layers(
            share: optimization.usesCheckpointing ? optimization.checkpointingRatio : 0,
            of: configuration.layers
        )
        maximumGradientNorm = optimization.maximumGradientNorm
        weightDecay = optimization.weightDecay
        averageDecay = optimization.averageDecay
        self.cacheByteBudget = cacheByteBudget
    }
}
