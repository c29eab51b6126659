// SPDX-License-Identifier: Apache-2.0

package import ACEStep
package import Torch

/// One piece of music as the model is trained on it, on the device and in the type that computes.
package struct SampleTensors {
    /// The piece's place in the data, by which what does not change over epochs is kept.
    package let index: Int
    /// `[frames, latentChannels]`.
    package let latents: Tensor
    /// `[frames, 2 · latentChannels]`.
    package let context: Tensor
    /// What the model is told of the piece.
    package let conditions: Conditions

    /// What the model is told of a piece.
    package enum Conditions {
        /// Computed when the data was prepared, `[length, encoderHidden]`.
        case encoded(Tensor)
        /// The prompt's tokens, for encoders that are trained.
        case prompt(MusicModel.Tokens)
    }

    /// Names everything.
    package init(index: Int, latents: Tensor, context: Tensor, conditions: Conditions) {
        self.index = index
        self.latents = latents
        self.context = context
        self.conditions = conditions
    }

    /// A piece whose conditions, `[length, encoderHidden]`, were computed when the data was prepared.
    package init(index: Int, latents: Tensor, context: Tensor, conditions: Tensor) {
        self.init(index: index, latents: latents, context: context, conditions: .encoded(conditions))
    }

    /// The conditions of a piece for a model whose encoders are not trained.
    ///
    /// - Returns: `[length, encoderHidden]`.
    /// - Throws: ``TrainingError/size(what:rule:)`` if there is only a prompt.
    package func encodedConditions() throws(TrainingError) -> Tensor {
        guard case .encoded(let states) = conditions else {
            throw .size(
                what: "a piece has a prompt in place of conditions",
                rule: "adapters need conditions: preprocess it"
            )
        }
        return states
    }

    /// Some frames of the piece, all conditions.
    ///
    /// - Parameter frames: within the piece.
    /// - Returns: the crop, without a copy.
    /// - Throws: `TorchError` if there are no such frames.
    package func cropped(to frames: Range<Int>) throws(TorchError) -> SampleTensors {
        SampleTensors(
            index: index,
            latents: try latents.slice(0, from: frames.lowerBound, to: frames.upperBound),
            context: try context.slice(0, from: frames.lowerBound, to: frames.upperBound),
            conditions: conditions
        )
    }
}

/// Samples that are computed together, shorter ones filled up with zeros at the end.
package struct TrainingBatch {
    /// The samples.
    package let samples: [SampleTensors]
    /// `[items, frames, latentChannels]`.
    package let latents: Tensor
    /// `[items, frames, 2 · latentChannels]`.
    package let context: Tensor

    /// Fills up and stacks.
    ///
    /// - Parameter samples: at least one.
    /// - Throws: `TorchError` if their channels differ.
    package init(_ samples: [SampleTensors]) throws(TorchError) {
        self.samples = samples
        latents = try Self.stacked(samples.map(\.latents))
        context = try Self.stacked(samples.map(\.context))
    }

    static func stacked(_ items: [Tensor]) throws(TorchError) -> Tensor {
        guard items.count > 1 else { return try items[0].unsqueeze(0) }
        let longest = items.reduce(0) { max($0, $1.dimension(0)) }
        let filled = try items.map { item throws(TorchError) in
            let surplus = longest - item.dimension(0)
            return surplus == 0 ? item : try item.pad([0, 0, 0, surplus])
        }
        return try Tensor.stack(filled)
    }
}
