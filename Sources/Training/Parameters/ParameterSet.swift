// SPDX-License-Identifier: Apache-2.0

package import Torch

/// All trained tensors of a run, in the order of their files' states.
package final class ParameterSet {
    /// The tensors, in the order in which the model's authors register modules.
    package let parameters: [Parameter]
    /// The masters, for steps of the optimizer.
    package let values: TensorList
    /// Grows with each change, so that what was computed from the values is known to be old.
    package private(set) var version = 0

    /// Makes a set.
    package init(_ parameters: [Parameter]) {
        self.parameters = parameters
        values = TensorList(parameters.map(\.value))
    }

    /// How many numbers are trained.
    package var elementCount: Int { parameters.reduce(0) { $0 + $1.value.count } }

    /// Moves what backward passes have left to the masters.
    ///
    /// - Throws: `TorchError` if there is no memory for it.
    package func collectGradients() throws(TorchError) {
        try withoutGradients { () throws(TorchError) in
            for parameter in parameters { try parameter.collectGradient() }
        }
    }

    /// The masters' gradients; zeros where no backward pass came by.
    ///
    /// - Returns: a list as long as ``parameters``; it changes what the masters have when it is changed in place.
    /// - Throws: `TorchError` if there is no memory for it.
    package func gradients() throws(TorchError) -> TensorList {
        var gradients: [Tensor] = []
        for parameter in parameters {
            if let gradient = try parameter.value.gradient {
                gradients.append(gradient)
            } else {
                let zeros = try Tensor.zeros(parameter.value.shape, device: parameter.value.device)
                try parameter.value.setGradient(zeros)
                gradients.append(zeros)
            }
        }
        return TensorList(gradients)
    }

    /// Drops all gradients.
    ///
    /// - Throws: `TorchError` if libtorch refuses.
    package func clearGradients() throws(TorchError) {
        for parameter in parameters {
            try parameter.value.setGradient(nil)
            try parameter.rounded?.setGradient(nil)
        }
    }

    /// Changes the masters and rounds them anew.
    ///
    /// - Parameter change: what is done to them, beneath ``withoutGradients(_:)``.
    /// - Throws: what `change` throws; `TorchError`.
    package func update<Failure: Error>(_ change: (TensorList) throws(Failure) -> Void) throws {
        try withoutGradients {
            try change(values)
            let used = parameters.filter { $0.rounded != nil }
            try TensorList(used.compactMap(\.rounded)).copy(from: TensorList(used.map(\.value)))
        }
        version += 1
    }
}
