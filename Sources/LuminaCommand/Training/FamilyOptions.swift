// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import TrainingRuns

/// What single families of adapters know.
struct FamilyOptions: ParsableArguments {
    @Option(help: "LoKr's dimension; --rank if absent.")
    var lokrLinearDim: Int?

    @Option(help: "LoKr's alpha; --alpha if absent.")
    var lokrLinearAlpha: Double?

    @Option(help: "How LoKr splits weights; -1 the most square way. (-1)")
    var lokrFactor: Int?

    @Flag(inversion: .prefixedNo, help: "Split both of LoKr's factors. (off)")
    var lokrDecomposeBoth: Bool?

    @Flag(inversion: .prefixedNo, help: "Tucker form of LoKr's convolutions. (off)")
    var lokrUseTucker: Bool?

    @Flag(inversion: .prefixedNo, help: "A trained scalar in LoKr. (off)")
    var lokrUseScalar: Bool?

    @Flag(inversion: .prefixedNo, help: "DoRA's magnitudes in LoKr. (off)")
    var lokrWeightDecompose: Bool?

    @Option(help: "LoHa's dimension; --rank if absent.")
    var lohaLinearDim: Int?

    @Option(help: "LoHa's alpha; --alpha if absent.")
    var lohaLinearAlpha: Double?

    @Option(help: ArgumentHelp("A note for other tools; LoHa has no factor.", visibility: .hidden))
    var lohaFactor: Int?

    @Flag(inversion: .prefixedNo, help: "Tucker form of LoHa's convolutions. (off)")
    var lohaUseTucker: Bool?

    @Flag(inversion: .prefixedNo, help: "A trained scalar in LoHa. (off)")
    var lohaUseScalar: Bool?

    @Option(help: "Inputs that OFT rotates together. (64)")
    var oftBlockSize: Int?

    @Flag(inversion: .prefixedNo, help: "Bound OFT's rotations. (off)")
    var oftCoft: Bool?

    @Option(help: "The bound of OFT's rotations. (6e-5)")
    var oftEps: Double?

    func apply(to settings: inout TrainingSettings) {
        applyKronecker(to: &settings.adapter.lokr)
        applyHadamard(to: &settings.adapter.loha)
        settings.adapter.oft.blockSize = oftBlockSize ?? settings.adapter.oft.blockSize
        settings.adapter.oft.isConstrained = oftCoft ?? settings.adapter.oft.isConstrained
        settings.adapter.oft.epsilon = oftEps ?? settings.adapter.oft.epsilon
    }

    private func applyKronecker(to settings: inout KroneckerSettings) {
        settings.dimension = lokrLinearDim ?? settings.dimension
        settings.alpha = lokrLinearAlpha ?? settings.alpha
        settings.factor = lokrFactor ?? settings.factor
        settings.decomposesBoth = lokrDecomposeBoth ?? settings.decomposesBoth
        settings.usesTucker = lokrUseTucker ?? settings.usesTucker
        settings.usesScalar = lokrUseScalar ?? settings.usesScalar
        settings.decomposesWeight = lokrWeightDecompose ?? settings.decomposesWeight
    }

    private func applyHadamard(to settings: inout HadamardSettings) {
        settings.dimension = lohaLinearDim ?? settings.dimension
        settings.alpha = lohaLinearAlpha ?? settings.alpha
        settings.factor = lohaFactor ?? settings.factor
        settings.usesTucker = lohaUseTucker ?? settings.usesTucker
        settings.usesScalar = lohaUseScalar ?? settings.usesScalar
    }
}
