// SPDX-License-Identifier: Apache-2.0

package import Torch

/// An exponential moving average of the parameters: what is validated and saved while they go on being trained.
package final class MovingAverage {
    /// What is kept of the past at each step.
    package let decay: Double
    /// The averages, in the parameters' order.
    package let shadow: TensorList
    /// Updates so far.
    package private(set) var updateCount = 0

    /// Starts at the parameters' values.
    ///
    /// - Parameters:
    ///   - parameters: what is averaged.
    ///   - decay: between 0 and 1.
    /// - Throws: `TorchError` if there is no memory for it.
    package init(_ parameters: ParameterSet, decay: Double) throws(TorchError) {
        self.decay = decay
        shadow = try withoutGradients { () throws(TorchError) in
            TensorList(
                try parameters.parameters.map { parameter throws(TorchError) in try parameter.value.detach().clone() }
            )
        }
    }

    /// Moves the averages towards the parameters.
    ///
    /// - Parameter parameters: those of `init`.
    /// - Throws: `TorchError` if an operation fails.
    package func update(from parameters: ParameterSet) throws(TorchError) {
        try withoutGradients { () throws(TorchError) in
            try shadow.lerp(towards: parameters.values, weight: 1 - decay)
        }
        updateCount += 1
    }

    /// Runs something with the averages in the parameters' place.
    ///
    /// - Parameters:
    ///   - parameters: those of `init`; their own values are back afterwards, bit for bit.
    ///   - body: what is done.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws; `TorchError`.
    package func withAverages<Result>(
        of parameters: ParameterSet,
        _ body: () throws -> Result
    ) throws -> Result {
        let own = try withoutGradients { TensorList(try parameters.values.tensors.map { try $0.detach().clone() }) }
        try parameters.update { values throws(TorchError) in try values.copy(from: shadow) }
        let result: Swift.Result<Result, any Error> = .init(catching: body)
        try parameters.update { values throws(TorchError) in try values.copy(from: own) }
        return try result.get()
    }

    /// Continues from a state.
    ///
    /// - Parameters:
    ///   - shadow: in the parameters' order.
    ///   - updateCount: updates so far.
    /// - Throws: `TorchError` if shapes differ.
    package func restore(shadow: [Tensor], updateCount: Int) throws(TorchError) {
        try withoutGradients { () throws(TorchError) in try self.shadow.copy(from: TensorList(shadow)) }
        self.updateCount = updateCount
    }
}
