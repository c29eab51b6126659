// SPDX-License-Identifier: Apache-2.0

import ACEStep
package import Torch

/// First values with which an autoencoder keeps most of some music before anything is learnt.
///
/// Drawn at random, an autoencoder has to find the waveform through a dozen layers, and hundreds of steps go by without any agreement.
/// Here every layer begins as the best linear map that it can be: each block of the encoder takes the principal components of what
/// `stride` of its positions hold, those that vary most, and the block of the decoder across from it puts them back (Karhunen and
/// Loève's transform, level by level). Activations begin nearly straight and residual units nearly silent. The latents begin with
/// unit variance.
package struct LinearBeginning {
    /// What the waveform is multiplied by: music is quiet, and layers like numbers about 1.
    private static let gain = 4.0
    /// The logarithm of the activations' frequency: sin²(e⁻³x) is small beside x.
    private static let frequency = -3.0
    /// What residual units say at first, of what they would.
    private static let residual = 0.2
    /// Random numbers beside each linear map, of its size: what is left to learn must not begin at a saddle.
    private static let noise = 0.03
    /// Before softplus: the encoder begins rather sure.
    private static let scale = -2.5

    private let configuration: AutoencoderConfiguration
    private let values: [String: Tensor]

    /// Looks at an autoencoder whose values are drawn.
    ///
    /// - Parameter session: of it; nothing is changed yet.
    package init(_ session: AutoencoderSession) {
        configuration = session.configuration
        values = Dictionary(
            uniqueKeysWithValues: session.parameters.parameters.map { ($0.name, $0.value) }
        )
    }

    /// Gives the autoencoder its first values.
    ///
    /// - Parameter music: `[crops, audioChannels, length]`, whole frames, what the components are taken of.
    /// - Throws: ``TrainingError`` if the music is silent; `TorchError`.
    package func apply(_ music: Tensor) throws {
        guard try music.abs().max().item() > 0 else {
            throw TrainingError.size(what: "the music is silent", rule: "an autoencoder needs some to begin with")
        }
        try withoutGradients {
            try quieten()
            var hidden = try audio(music)
            let count = configuration.downsamplingRatios.count
            for (level, stride) in configuration.downsamplingRatios.enumerated() {
                let patches = try Self.patches(hidden, stride)
                let inputs = hidden.dimension(1)
                let basis = try Self.components(patches, count: width(configuration.encoderChannels, level + 1)).basis
                // Only the middle of each kernel, which is twice as long as its stride, says something yet.
                let kernel = try basis.transpose(0, 1).reshape([-1, inputs, stride])
                let place = (2, stride / 2)
                try put(kernel, into: "encoder.block.\(level).conv1", at: place)
                try put(kernel, into: "decoder.block.\(count - 1 - level).conv_t1", at: place)
                hidden = try patches.matmul(basis).reshape([hidden.dimension(0), -1, basis.dimension(1)])
                    .transpose(1, 2)
            }
            try latents(hidden)
        }
    }

    /// The width of a level, 0 being the waveform's.
    private func width(_ base: Int, _ level: Int) -> Int {
        level == 0 ? base : base * configuration.channelMultiples[level - 1]
    }

    /// Activations nearly straight, residual units nearly silent, no biases.
    private func quieten() throws {
        for (name, value) in values {
            switch name.split(separator: ".").last {
            case "alpha": try value.fill(Self.frequency)
            case "beta", "bias": try value.fill(0)
            case "weight_g" where name.hasSuffix("conv2.weight_g") && name.contains("res_unit"):
                try value.multiply(inPlace: Self.residual)
            default: break
            }
        }
    }

    /// The first convolution and the last: the channels' sum and difference where there are two.
    private func audio(_ music: Tensor) throws -> Tensor {
        let channels = configuration.audioChannels
        let half = Float(0.5).squareRoot()
        let turn =
            channels == 2
            ? try Tensor([half, half, half, -half], shape: [2, 2])
            : try Tensor.arange(channels).unsqueeze(1).equalTo(Tensor.arange(channels).unsqueeze(0)).to(.float32)
        try put((turn * Self.gain).unsqueeze(2), into: "encoder.conv1", at: (2, 3))
        try put((turn.transpose(0, 1) / Self.gain).unsqueeze(2), into: "decoder.conv2", at: (2, 3))
        let kept = min(channels, configuration.encoderChannels)
        let base = try Tensor.zeros([music.dimension(0), configuration.encoderChannels, music.dimension(2)])
        try base.slice(1, from: 0, to: kept).copy(from: (turn * Self.gain).matmul(music).slice(1, from: 0, to: kept))
        return base
    }

    /// The encoder's last convolution and the decoder's first: components of one frame, each brought to unit variance.
    private func latents(_ hidden: Tensor) throws {
        let count = min(configuration.latentChannels, hidden.dimension(1))
        let (basis, deviations) = try Self.components(Self.patches(hidden, 1), count: count)
        let floor = try deviations.max().item() * 1e-3
        let spread = try deviations.clamp(min: floor)
        let center = configuration.latentChannels
        try put((basis / spread).transpose(0, 1).unsqueeze(2), into: "encoder.conv2", at: (2, 1))
        try put((basis * spread).unsqueeze(2), into: "decoder.conv1", at: (2, 3))
        // The second half of the encoder's output says how sure it is: the same everywhere at first.
        try values["encoder.conv2.weight_g"]?.slice(0, from: center, to: 2 * center).multiply(inPlace: Self.noise)
        try values["encoder.conv2.bias"]?.slice(0, from: center, to: 2 * center).fill(Self.scale)
    }

    /// `[crops · places, channels · stride]`: what each run of `stride` positions holds.
    private static func patches(_ hidden: Tensor, _ stride: Int) throws -> Tensor {
        let (crops, channels) = (hidden.dimension(0), hidden.dimension(1))
        let places = hidden.dimension(2) / stride
        return try hidden.slice(2, from: 0, to: places * stride).reshape([crops, channels, places, stride])
            .permute([0, 2, 1, 3]).reshape([crops * places, channels * stride])
    }

    /// The directions in which rows vary most, as columns, and by how much.
    private static func components(_ rows: Tensor, count: Int) throws -> (basis: Tensor, deviations: Tensor) {
        let covariance = try (rows.transpose(0, 1).matmul(rows) / Double(rows.dimension(0))).to(.float64)
        let (vectors, squares, _) = try covariance.svd()
        let kept = min(count, vectors.dimension(1))
        return try (
            vectors.slice(1, from: 0, to: kept).to(.float32).contiguous(),
            squares.slice(0, from: 0, to: kept).sqrt().to(.float32)
        )
    }

    /// Gives a convolution a linear map, with a little of what was drawn beside it.
    ///
    /// - Parameters:
    ///   - kernel: what it should be; sizes that the convolution has more of stay drawn, what it has less of is left out.
    ///   - name: the convolution.
    ///   - place: the dimension in which the kernel is shorter than the convolution's, and where it begins there.
    /// - Throws: `TorchError` if shapes do not fit.
    private func put(_ kernel: Tensor, into name: String, at place: (dimension: Int, start: Int)) throws {
        guard let direction = values[name + ".weight_v"], let magnitude = values[name + ".weight_g"] else { return }
        let weight = try Tensor.zeros(direction.shape)
        var (target, source) = (weight, kernel)
        for dimension in 0..<2 {
            let size = min(target.dimension(dimension), source.dimension(dimension))
            target = try target.slice(dimension, from: 0, to: size)
            source = try source.slice(dimension, from: 0, to: size)
        }
        try target.slice(place.dimension, from: place.start, to: place.start + source.dimension(place.dimension))
            .copy(from: source)
        let (size, drawn) = try (weight.square().sum().sqrt().item(), direction.square().sum().sqrt().item())
        try direction.multiply(inPlace: Self.noise * size / drawn)
        try direction.add(inPlace: weight)
        try magnitude.copy(from: direction.norm(dimensions: [1, 2], keepDimension: true))
    }
}
