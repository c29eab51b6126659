// SPDX-License-Identifier: Apache-2.0

package import Torch
package import TrainingRuns

/// What a session trains: an adapter on a base that stays as it is, or a model as a whole.
package protocol TrainingSubject: AnyObject {
    /// Everything that is trained.
    var parameters: ParameterSet { get }
    /// What the trained layers of a run share.
    var context: LayerContext { get }
    /// Whether the conditions come to the layers as they are in the data, whatever has been learnt.
    var leavesConditionsFrozen: Bool { get }
    /// What is trained and on what, in a few words.
    var summary: String { get }

    /// Whether what is trained changes a layer of the transformer.
    func adapts(layer: Int) -> Bool

    /// Brings constrained parameters where they may be; to be called before each micro-step.
    ///
    /// - Throws: `TorchError` if an operation fails.
    func prepare() throws

    /// The conditions of a batch's items, `[length, encoderHidden]` each.
    ///
    /// - Parameters:
    ///   - batch: the items.
    ///   - draw: which of them go without their condition, or hear a reference.
    /// - Returns: a row for each item; what stands for those that go without is not used.
    /// - Throws: `TorchError` if an operation fails.
    func conditions(of batch: TrainingBatch, draw: Objective.Draw) throws -> [Tensor]

    /// What is learnt beside the velocity, as one number with gradients; nil if nothing is.
    ///
    /// - Parameter batch: the items.
    /// - Returns: a loss that is added to the velocity's.
    /// - Throws: `TorchError` if an operation fails.
    func auxiliaryLoss(of batch: TrainingBatch) throws -> Tensor?

    /// Writes what was trained as others read it, and `training_args.json`.
    ///
    /// - Parameters:
    ///   - folder: an existing folder.
    ///   - settings: the run's.
    /// - Throws: `CheckpointError` or `TrainingRunsError` if a file cannot be written.
    func write(to folder: String, settings: TrainingSettings) throws
}

extension TrainedAdapter: TrainingSubject {
    /// Nothing.
    package func auxiliaryLoss(of batch: TrainingBatch) throws -> Tensor? { nil }

    /// Those that were computed when the data was prepared.
    package func conditions(of batch: TrainingBatch, draw: Objective.Draw) throws -> [Tensor] {
        try batch.samples.map { try $0.encodedConditions() }
    }
}
