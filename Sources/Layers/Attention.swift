// SPDX-License-Identifier: Apache-2.0

public import Torch

/// What a query may see.
public enum AttentionPattern {
    /// Every position.
    case full
    /// Every position that is not filling.
    case padded(KeyPadding)
    /// Positions up to its own.
    case causal
    /// Positions inside a band around its own.
    case sliding(SlidingWindow)
}

/// Keys and values that stay the same over many queries, as those of cross-attention do over all steps of a request.
public struct KeysAndValues {
    /// `[batch, keyValueHeads, length, headDimension]`, normalised.
    public let keys: Tensor
    /// `[batch, keyValueHeads, length, headDimension]`.
    public let values: Tensor
    /// Which of them are real; nil if all are.
    public var padding: KeyPadding?
    /// Which row a position's query attends to, where there is a row for each voice; nil where there is one for each item.
    public var voicing: Voicing?
}

/// Grouped-query attention with RMS-normalised queries and keys, as Qwen3 and ACE-Step have it.
///
/// Consecutive query heads share one key and value head, and projections carry no bias.
/// Source: Ainslie et al. 2023, GQA.
public struct Attention {
    /// The widths of an attention block.
    public struct Shape: Sendable {
        /// Channels of the sequence.
        public var dimension: Int
        /// Query heads.
        public var heads: Int
        /// Key and value heads; divides `heads`.
        public var keyValueHeads: Int
        /// Channels of one head.
        public var headDimension: Int
        /// Added to the mean square in the norms of queries and keys.
        public var epsilon: Double

        /// Names every width.
        public init(dimension: Int, heads: Int, keyValueHeads: Int, headDimension: Int, epsilon: Double) {
            self.dimension = dimension
            self.heads = heads
            self.keyValueHeads = keyValueHeads
            self.headDimension = headDimension
            self.epsilon = epsilon
        }
    }

    private let shape: Shape
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let output: Linear
    private let queryNorm: RMSNorm
    private let keyNorm: RMSNorm

    /// Takes the block's weights.
    ///
    /// - Parameters:
    ///   - weights: a cursor at the block; reads `{q,k,v,o}_proj` and `{q,k}_norm`.
    ///   - shape: the widths, which the weights must have.
    ///   - context: what keys and values are made of: the sequence itself, or what all its positions share.
    /// - Throws: ``LayerError`` if a weight is missing, misshapen or of integers; `TorchError` if it cannot be held.
    public init(_ weights: Weights, shape: Shape, context: LinearInput = .positions) throws {
        self.shape = shape
        let queryWidth = shape.heads * shape.headDimension
        let keyWidth = shape.keyValueHeads * shape.headDimension
        query = try weights.linear("q_proj", inputs: shape.dimension, outputs: queryWidth)
        key = try weights.linear("k_proj", inputs: shape.dimension, outputs: keyWidth, reading: context)
        value = try weights.linear("v_proj", inputs: shape.dimension, outputs: keyWidth, reading: context)
        output = try weights.linear("o_proj", inputs: queryWidth, outputs: shape.dimension)
        queryNorm = try RMSNorm(weights["q_norm"], dimension: shape.headDimension, epsilon: shape.epsilon)
        keyNorm = try RMSNorm(weights["k_norm"], dimension: shape.headDimension, epsilon: shape.epsilon)
    }

    /// Self-attention.
    ///
    /// - Parameters:
    ///   - x: `[batch, length, dimension]`.
    ///   - rotary: tables for at least `length` positions.
    ///   - pattern: what a query may see.
    /// - Returns: `[batch, length, dimension]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(
        _ x: Tensor,
        rotary: RotaryEmbedding,
        pattern: AttentionPattern
    ) throws(TorchError) -> Tensor {
        let queries = try rotary(heads(queryNorm, of: query(x)))
        let keys = try rotary(heads(keyNorm, of: key(x)))
        let values = try split(value(x))
        let scale = self.scale
        let mixed: Tensor
        switch pattern {
        case .full: mixed = try queries.attend(key: keys, value: values, scale: scale)
        case .padded(let padding):
            mixed = try queries.attend(key: keys, value: values, mask: padding.mask, scale: scale)
        case .causal: mixed = try queries.attend(key: keys, value: values, isCausal: true, scale: scale)
        case .sliding(let window): mixed = try window.attend(query: queries, key: keys, value: values, scale: scale)
        }
        return try output(merge(mixed))
    }

    /// Whether adapters act on the projections of keys and values now.
    public var isContextAdapted: Bool { key.isAdapted || value.isAdapted }

    /// The keys and values of cross-attention, which do not depend on the queries.
    ///
    /// - Parameter context: `[batch, contextLength, dimension]`.
    /// - Returns: keys and values of `contextLength` positions, contiguous.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func keysAndValues(of context: Tensor) throws(TorchError) -> KeysAndValues {
        KeysAndValues(
            keys: try heads(keyNorm, of: key(context)).contiguous(),
            values: try split(value(context)).contiguous()
        )
    }

    /// Cross-attention: no rotation, every real position of the context is visible.
    ///
    /// - Parameters:
    ///   - x: `[batch, length, dimension]`.
    ///   - context: what `keysAndValues(of:)` made, for the same batch or for its voices.
    /// - Returns: `[batch, length, dimension]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    public func callAsFunction(_ x: Tensor, attendingTo context: KeysAndValues) throws(TorchError) -> Tensor {
        let queries = try heads(queryNorm, of: query(x))
        return try output(merge(context.attend(queries, scale: scale)))
    }

    private var scale: Double { 1 / Double(shape.headDimension).squareRoot() }

    /// `[batch, length, heads · headDimension]` → `[batch, heads, length, headDimension]`.
    private func split(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.reshape([x.dimension(0), x.dimension(1), -1, shape.headDimension]).transpose(1, 2)
    }

    private func heads(_ norm: RMSNorm, of x: Tensor) throws(TorchError) -> Tensor {
        try norm(x.reshape([x.dimension(0), x.dimension(1), -1, shape.headDimension])).transpose(1, 2)
    }

    private func merge(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.transpose(1, 2).reshape([x.dimension(0), x.dimension(2), -1])
    }
}

extension KeysAndValues {
    /// What queries `[batch, heads, length, headDimension]` find, each run of an item at its voice's row.
    fileprivate func attend(_ queries: Tensor, scale: Double) throws(TorchError) -> Tensor {
        guard let voicing else {
            return try queries.attend(key: keys, value: values, mask: padding?.mask, scale: scale)
        }
        var rows: [Tensor] = []
        for (item, runs) in voicing.items.enumerated() {
            let own = try queries.slice(0, from: item, to: item + 1)
            var parts: [Tensor] = []
            for run in runs {
                let (voice, next) = (run.voice, run.voice + 1)
                parts.append(
                    try own.slice(2, from: run.positions.lowerBound, to: run.positions.upperBound).attend(
                        key: keys.slice(0, from: voice, to: next),
                        value: values.slice(0, from: voice, to: next),
                        mask: padding?.mask.slice(0, from: voice, to: next),
                        scale: scale
                    )
                )
            }
            rows.append(parts.count == 1 ? parts[0] : try Tensor.cat(parts, dimension: 2))
        }
        return rows.count == 1 ? rows[0] : try Tensor.cat(rows, dimension: 0)
    }
}

extension Tensor {
    /// Scaled dot-product attention where key and value heads may be fewer than query heads.
    func attend(
        key: Tensor,
        value: Tensor,
        mask: Tensor? = nil,
        isCausal: Bool = false,
        scale: Double
    ) throws(TorchError) -> Tensor {
        try scaledDotProductAttention(
            key: key,
            value: value,
            mask: mask,
            isCausal: isCausal,
            scale: scale,
            groupedQuery: dimension(1) != key.dimension(1)
        )
    }
}
