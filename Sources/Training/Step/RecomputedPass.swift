// SPDX-License-Identifier: Apache-2.0

import Torch

/// A forward pass in pieces, some of which are forgotten and computed again when their gradients are due: what is kept of such a
/// piece is its input.
///
/// Source: Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost.
final class RecomputedPass {
    private struct Piece {
        let input: Tensor
        /// A leaf with the piece's values; nil for what several pieces share, whose own graph is `input`'s.
        let output: Tensor
        let compute: ((Tensor) throws -> Tensor)?
        let dropoutState: [UInt8]?
    }

    private var pieces: [Piece] = []
    private let dropout: Dropout?

    /// - Parameter dropout: where pieces draw from, so that they draw the same again.
    init(dropout: Dropout?) {
        self.dropout = dropout
    }

    /// A tensor that several pieces read: their gradients are added up, and go further once.
    ///
    /// - Parameter tensor: what they read.
    /// - Returns: the same values, a leaf if gradients go through it.
    /// - Throws: `TorchError` if libtorch refuses.
    func share(_ tensor: Tensor) throws -> Tensor {
        guard tensor.requiresGradient else { return tensor }
        let leaf = try Self.leaf(of: tensor)
        pieces.append(Piece(input: tensor, output: leaf, compute: nil, dropoutState: nil))
        return leaf
    }

    /// Computes a piece and forgets how.
    ///
    /// - Parameters:
    ///   - input: the only tensor with gradients that the piece reads, but for parameters and shared ones.
    ///   - compute: the piece; called again in the backward pass.
    /// - Returns: its values.
    /// - Throws: what `compute` throws.
    func forgetting(_ input: Tensor, _ compute: @escaping (Tensor) throws -> Tensor) throws -> Tensor {
        let state = try dropout?.generator.state
        let output = try withoutGradients { try compute(input) }
        let leaf = try Self.leaf(of: output)
        pieces.append(Piece(input: input, output: leaf, compute: compute, dropoutState: state))
        return leaf
    }

    /// Adds the gradients of a loss to all parameters.
    ///
    /// - Parameters:
    ///   - loss: a single number, computed of the last piece.
    ///   - scale: what the loss counts.
    /// - Throws: what pieces throw when they are computed again.
    func backward(_ loss: Tensor, scale: Double) throws {
        try loss.backward(gradient: Tensor.full(loss.shape, scale, dtype: loss.dtype, device: loss.device))
        let finalState = try dropout?.generator.state
        while let piece = pieces.popLast() {
            guard let gradient = try piece.output.gradient else { continue }
            try piece.output.setGradient(nil)
            if let compute = piece.compute {
                try recompute(piece, compute, gradient: gradient)
            } else {
                // Two shared tensors may come from one graph, as modulation and embedding of the time do.
                try piece.input.backward(gradient: gradient, retainGraph: true)
            }
        }
        if let finalState { try dropout?.generator.setState(finalState) }
    }

    private func recompute(
        _ piece: Piece,
        _ compute: (Tensor) throws -> Tensor,
        gradient: Tensor
    ) throws {
        if let state = piece.dropoutState { try dropout?.generator.setState(state) }
        let input = piece.input.requiresGradient ? try Self.leaf(of: piece.input) : piece.input
        let output = try withGradients { try compute(input) }
        try output.backward(gradient: gradient)
        guard piece.input.requiresGradient, let gradient = try input.gradient else { return }
        try piece.input.backward(gradient: gradient)
    }

    private static func leaf(of tensor: Tensor) throws -> Tensor {
        let leaf = try tensor.detach()
        try leaf.setRequiresGradient(true)
        return leaf
    }
}
