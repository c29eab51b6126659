// SPDX-License-Identifier: Apache-2.0

import Layers

/// The sizes of the tokenizer or the detokenizer of audio, read from the `config.json` beside its weights.
///
/// Every field may be absent and then has the value of the released models. Both are as wide as the condition encoder.
package struct AudioCodesConfiguration: Sendable, Equatable {
    /// The widths of the stack.
    package let widths: ModelConfiguration.Widths
    /// Channels of one attention head.
    let headDimension: Int
    /// Layers of the stack.
    let layers: Int
    /// The wavelength base of the rotary embedding.
    let rotaryBase: Double
    /// Added to the mean square in every norm.
    let epsilon: Double
    /// How far an even layer sees to either side.
    let slidingWindow: Int
    /// Channels of the latents.
    package let latentChannels: Int
    /// Latent frames of one code.
    package let framesPerCode: Int
    /// Into how many levels the quantizer divides each of its dimensions.
    package let levels: [Int]

    /// Reads the configuration in `directory`.
    ///
    /// - Throws: ``ModelError/configuration(file:reason:)``.
    init(directory: String) throws {
        let file = directory + "/config.json"
        let raw = try RawConfiguration.read(file)
        widths = .init(
            hidden: raw.encoderHiddenSize ?? raw.hiddenSize ?? 2048,
            intermediate: raw.encoderIntermediateSize ?? raw.intermediateSize ?? 6144,
            heads: raw.encoderNumAttentionHeads ?? raw.numAttentionHeads ?? 16,
            keyValueHeads: raw.encoderNumKeyValueHeads ?? raw.numKeyValueHeads ?? 8
        )
        headDimension = raw.headDim ?? 128
        layers = raw.numAttentionPoolerHiddenLayers ?? 2
        rotaryBase = raw.ropeTheta ?? 1_000_000
        epsilon = raw.rmsNormEps ?? 1e-6
        slidingWindow = raw.slidingWindow ?? 128
        latentChannels = raw.audioAcousticHiddenDim ?? 64
        framesPerCode = raw.poolWindowSize ?? 5
        levels = raw.fsqInputLevels ?? [8, 8, 8, 5, 5, 5]
        try validate(quantizers: raw.fsqInputNumQuantizers ?? 1, width: raw.fsqDim ?? widths.hidden, file: file)
    }

    private func validate(quantizers: Int, width: Int, file: String) throws {
        func refuse(_ reason: String) -> ModelError { .configuration(file: file, reason: reason) }
        guard quantizers == 1 else {
            throw refuse("fsq_input_num_quantizers is \(quantizers); ACE-Step 1.5 has one, and no other is understood")
        }
        guard width == widths.hidden else {
            throw refuse("fsq_dim is \(width), the attention pooler is \(widths.hidden) wide")
        }
        guard (1...16).contains(levels.count), levels.allSatisfy({ (2...1024).contains($0) }),
            // Beyond this a code is no exact float32, in which it is counted.
            levels.reduce(1.0, { $0 * Double($1) }) <= 16_777_216
        else { throw refuse("fsq_input_levels \(levels) are not the levels of a quantizer") }
        guard (1...65_536).contains(widths.hidden), (1...262_144).contains(widths.intermediate),
            (1...1024).contains(widths.heads), (1...widths.heads).contains(widths.keyValueHeads),
            widths.heads % widths.keyValueHeads == 0, (2...4096).contains(headDimension), headDimension % 2 == 0,
            (0...1024).contains(layers), (1...4096).contains(latentChannels), (1...1024).contains(framesPerCode),
            (1...1_000_000).contains(slidingWindow), rotaryBase > 1, rotaryBase.isFinite, epsilon >= 0, epsilon < 1
        else { throw refuse("its sizes are not those of a tokenizer of audio") }
    }

    /// The sizes of the stack.
    var stack: TransformerStack.Configuration {
        .init(
            attention: .init(
                dimension: widths.hidden,
                heads: widths.heads,
                keyValueHeads: widths.keyValueHeads,
                headDimension: headDimension,
                epsilon: epsilon
            ),
            intermediate: widths.intermediate,
            layers: layers,
            rotaryBase: rotaryBase
        )
    }
}
