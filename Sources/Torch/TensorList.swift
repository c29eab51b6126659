// SPDX-License-Identifier: Apache-2.0
import CTorchTable

/// Tensors that one call changes together, as the step of an optimizer does.
///
/// Each method makes one crossing to libtorch for the whole list. Beneath ``withGradients(_:)`` a list of leaves refuses to be
/// changed: call them beneath ``withoutGradients(_:)``.
public struct TensorList {
    /// The tensors, in the order in which they stand in lists that belong together.
    public let tensors: [Tensor]

    /// Makes a list; the tensors are shared, not copied.
    public init(_ tensors: [Tensor]) {
        self.tensors = tensors
    }

    /// The square root of the sum of the squares of all elements.
    public func norm() throws(TorchError) -> Double {
        var result = 0.0
        try unsafe lend("norm") { table, pointers in unsafe table.pointee.normOfAll(&result, pointers, pointers.count) }
        return result
    }

    /// Multiplies every element.
    public func multiply(by number: Double) throws(TorchError) {
        try unsafe lend("multiply(by:)") { table, pointers in
            unsafe table.pointee.multiplyAll(pointers, pointers.count, number)
        }
    }

    /// Adds another list, tensor by tensor; its types may differ.
    public func add(_ others: TensorList) throws(TorchError) {
        try unsafe lend("add", with: [others]) { table, pointers, lists in
            unsafe table.pointee.addAll(pointers, lists[0], pointers.count)
        }
    }

    /// Overwrites every tensor with its counterpart, converted as needed.
    public func copy(from sources: TensorList) throws(TorchError) {
        try unsafe lend("copy(from:)", with: [sources]) { table, pointers, lists in
            unsafe table.pointee.copyAll(pointers, lists[0], pointers.count)
        }
    }

    /// Moves every tensor towards its counterpart: `self + weight · (end − self)`.
    public func lerp(towards ends: TensorList, weight: Double) throws(TorchError) {
        try unsafe lend("lerp(towards:weight:)", with: [ends]) { table, pointers, lists in
            unsafe table.pointee.lerpAll(pointers, lists[0], pointers.count, weight)
        }
    }

    /// What a step of AdamW is told beside the tensors.
    public struct AdamWStep: Sendable {
        /// The rate of this step.
        public var learningRate: Double
        /// What is kept of the gradients' moving mean.
        public var meanDecay: Double
        /// What is kept of the squares' moving mean.
        public var squareDecay: Double
        /// Decoupled weight decay.
        public var weightDecay: Double
        /// Added to the root of the squares.
        public var epsilon: Double
        /// Counts from 1.
        public var step: Int

        /// Names everything; the defaults are torch's.
        public init(
            learningRate: Double,
            meanDecay: Double = 0.9,
            squareDecay: Double = 0.999,
            weightDecay: Double = 0.01,
            epsilon: Double = 1e-8,
            step: Int
        ) {
            self.learningRate = learningRate
            self.meanDecay = meanDecay
            self.squareDecay = squareDecay
            self.weightDecay = weightDecay
            self.epsilon = epsilon
            self.step = step
        }
    }

    /// Takes a step of AdamW (Loshchilov and Hutter 2019), as torch.optim.AdamW does.
    ///
    /// - Parameters:
    ///   - gradients: of each tensor, in its type and shape.
    ///   - means: the gradients' moving means, which change.
    ///   - squares: the moving means of the gradients' squares, which change.
    ///   - step: the rates.
    /// - Throws: `TorchError` if shapes or types do not fit.
    public func adamW(
        gradients: TensorList,
        means: TensorList,
        squares: TensorList,
        step: AdamWStep
    ) throws(TorchError) {
        var settings = CTAdamW(
            learningRate: step.learningRate,
            meanDecay: step.meanDecay,
            squareDecay: step.squareDecay,
            weightDecay: step.weightDecay,
            epsilon: step.epsilon,
            step: Int64(step.step)
        )
        try unsafe lend("adamW", with: [gradients, means, squares]) { table, pointers, lists in
            unsafe table.pointee.adamW(pointers, lists[0], lists[1], lists[2], pointers.count, &settings)
        }
    }

    private func lend(
        _ operation: StaticString,
        with others: [TensorList] = [],
        _ body: (UnsafePointer<CTTable>, [OpaquePointer], [[OpaquePointer]]) -> OpaquePointer?
    ) throws(TorchError) {
        for other in others where other.tensors.count != tensors.count {
            throw Shape.invalid(
                operation,
                "lists of \(tensors.count) and \(other.tensors.count) tensors do not belong together"
            )
        }
        let pointers = unsafe tensors.map { unsafe $0.pointer }
        let lists = unsafe others.map { unsafe $0.tensors.map { unsafe $0.pointer } }
        try Library.call(operation) { table in
            unsafe withExtendedLifetime((tensors, others)) { unsafe body(table, pointers, lists) }
        }
    }

    private func lend(
        _ operation: StaticString,
        _ body: (UnsafePointer<CTTable>, [OpaquePointer]) -> OpaquePointer?
    ) throws(TorchError) {
        try unsafe lend(operation, with: []) { table, pointers, _ in unsafe body(table, pointers) }
    }
}
