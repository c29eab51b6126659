// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
import Torch

/// What Side-Step's `training_state.pt` says: where the run was, and the optimizer's moments.
///
/// Its scheduler is not read: a schedule is a function of the step. Its random streams belong to another program.
struct SideStepState {
    /// The file's name in a checkpoint's folder.
    static let fileName = "training_state.pt"

    /// Epochs that were done.
    let epoch: Int
    /// Steps that were done.
    let step: Int
    private let archive: TorchArchive

    /// Opens a state.
    ///
    /// - Throws: `CheckpointError` if it is no archive of plain values, ``TrainingError/state(file:reason:)`` if it has no counts.
    init(path: String) throws {
        archive = try TorchArchive(path: path)
        guard let epoch = archive.root["epoch"]?.integerValue, let step = archive.root["global_step"]?.integerValue,
            epoch >= 0, step >= 0
        else {
            throw TrainingError.state(file: path, reason: "it has no 'epoch' and 'global_step'")
        }
        (self.epoch, self.step) = (epoch, step)
    }

    /// The moments of AdamW, in the order of the parameters.
    ///
    /// - Parameter parameters: whose moments they must be.
    /// - Returns: float32 copies; nil if the state was another optimizer's.
    /// - Throws: ``TrainingError/state(file:reason:)`` if they are of other shapes.
    func moments(of parameters: ParameterSet) throws -> (means: [Tensor], squares: [Tensor])? {
        let prefix = "optimizer_state_dict.state."
        guard archive.tensors[prefix + "0.exp_avg"] != nil else { return nil }
        func list(_ name: String) throws -> [Tensor] {
            try parameters.parameters.enumerated().map { place, parameter in
                try tensor("\(prefix)\(place).\(name)", shape: parameter.value.shape)
            }
        }
        return (try list("exp_avg"), try list("exp_avg_sq"))
    }

    /// The averages of the parameters; nil if there were none.
    func averages(of parameters: ParameterSet) throws -> [Tensor]? {
        guard archive.tensors["ema_state.shadow.0"] != nil else { return nil }
        return try parameters.parameters.enumerated().map { place, parameter in
            try tensor("ema_state.shadow.\(place)", shape: parameter.value.shape)
        }
    }

    private func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        let stored = try archive.tensor(name)
        guard stored.shape == shape, let dtype = DType(stored.dtype) else {
            throw TrainingError.state(
                file: archive.path,
                reason: "'\(name)' is \(stored.shape) of \(stored.dtype.rawValue), the parameter is \(shape)"
            )
        }
        let bytes = try archive.contiguousBytes(name)
        return try unsafe Tensor(copying: bytes.span.bytes, shape: shape, dtype: dtype).to(.float32)
    }
}
