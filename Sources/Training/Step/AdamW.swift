// SPDX-License-Identifier: Apache-2.0

package import Torch

/// The optimizer's state over a set of parameters.
package final class AdamW {
    /// The gradients' moving means, in the parameters' order.
    package let means: TensorList
    /// The moving means of the gradients' squares, in the parameters' order.
    package let squares: TensorList
    /// Steps taken.
    package private(set) var stepCount = 0
    private let weightDecay: Double
    private let squareDecay: Double

    /// Starts with zeros.
    ///
    /// - Parameters:
    ///   - parameters: what is optimized.
    ///   - weightDecay: decoupled, on everything.
    ///   - squareDecay: what is kept of the squares' moving mean.
    /// - Throws: `TorchError` if there is no memory for the moments.
    package init(
        _ parameters: ParameterSet,
        weightDecay: Double,
        squareDecay: Double = 0.999
    ) throws(TorchError) {
        let zeros = { (parameter: Parameter) throws(TorchError) in
            try Tensor.zeros(parameter.value.shape, device: parameter.value.device)
        }
        means = TensorList(try parameters.parameters.map(zeros))
        squares = TensorList(try parameters.parameters.map(zeros))
        self.weightDecay = weightDecay
        self.squareDecay = squareDecay
    }

    /// Takes a step.
    ///
    /// - Parameters:
    ///   - parameters: those of `init`.
    ///   - learningRate: of this step.
    /// - Throws: `TorchError` if an operation fails.
    package func step(_ parameters: ParameterSet, learningRate: Double) throws {
        let gradients = try parameters.gradients()
        stepCount += 1
        let step = TensorList.AdamWStep(
            learningRate: learningRate,
            squareDecay: squareDecay,
            weightDecay: weightDecay,
            step: stepCount
        )
        try parameters.update { values throws(TorchError) in
            try values.adamW(gradients: gradients, means: means, squares: squares, step: step)
        }
    }

    /// Continues from a state.
    ///
    /// - Parameters:
    ///   - means: in the parameters' order.
    ///   - squares: in the parameters' order.
    ///   - stepCount: steps taken.
    /// - Throws: `TorchError` if shapes differ.
    package func restore(means: [Tensor], squares: [Tensor], stepCount: Int) throws(TorchError) {
        try withoutGradients { () throws(TorchError) in
            try self.means.copy(from: TensorList(means))
            try self.squares.copy(from: TensorList(squares))
        }
        self.stepCount = stepCount
    }
}
