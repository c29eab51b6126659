// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// Divides by the root of the mean square over the last dimension.
    ///
    /// Computed in float32, cast back to this tensor's dtype, and only then multiplied by the weight: the order of
    /// Qwen3's and ACE-Step's own norms, which libtorch's `rms_norm` does not follow in bfloat16.
    public func rmsNorm(weight: Tensor?, eps: Double) throws(TorchError) -> Tensor {
        try Tensor("rmsNorm") { unsafe $0.pointee.rmsNorm($1, pointer, weight?.pointer, eps) }
    }

    /// Subtracts the mean and divides by the standard deviation over the last dimension.
    public func layerNorm(weight: Tensor?, bias: Tensor?, eps: Double) throws(TorchError) -> Tensor {
        try Tensor("layerNorm") { unsafe $0.pointee.layerNorm($1, pointer, weight?.pointer, bias?.pointer, eps) }
    }

    /// softmax(query · keyᵀ · scale + mask) · value, with this tensor as the query, `[batch, heads, length, width]`.
    ///
    /// - Parameters:
    ///   - key: `[batch, heads, positions, width]`.
    ///   - value: `[batch, heads, positions, width]`.
    ///   - mask: broadcast to `[batch, heads, length, positions]`: true where to look, or numbers to add.
    ///   - isCausal: whether a position sees only itself and those before; then without a mask.
    ///   - scale: 1/√width if nil.
    ///   - groupedQuery: whether several heads of the query share one of key and value.
    /// - Returns: `[batch, heads, length, width]`.
    /// - Throws: an error if shapes, dtypes or devices do not fit, or both a mask and `isCausal` are given.
    public func scaledDotProductAttention(
        key: Tensor,
        value: Tensor,
        mask: Tensor? = nil,
        isCausal: Bool = false,
        scale: Double? = nil,
        groupedQuery: Bool = false
    ) throws(TorchError) -> Tensor {
        try Tensor("scaledDotProductAttention") {
            unsafe $0.pointee.attention(
                $1,
                pointer,
                key.pointer,
                value.pointer,
                mask?.pointer,
                isCausal,
                CTOptionalDouble(scale),
                groupedQuery
            )
        }
    }

    /// Rows of this table, `[vocabulary, width]`, by index.
    ///
    /// - Throws: `index` for an index outside the table.
    public func embedding(_ indices: Tensor) throws(TorchError) -> Tensor {
        try Tensor("embedding") { unsafe $0.pointee.embedding($1, pointer, indices.pointer) }
    }
}

extension Tensor {
    /// silu(self) · other: the gate of a feed-forward block.
    public func silu(multipliedBy other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("silu(multipliedBy:)") { unsafe $0.pointee.siluMultiply($1, pointer, other.pointer) }
    }

    /// Turns pairs of features by an angle: `self · cos + (−second half, first half) · sin`.
    public func rotaryEmbedding(cos: Tensor, sin: Tensor) throws(TorchError) -> Tensor {
        try Tensor("rotaryEmbedding") { unsafe $0.pointee.rotary($1, pointer, cos.pointer, sin.pointer) }
    }

    /// `self · (1 + scale) + shift`.
    public func modulate(scale: Tensor, shift: Tensor) throws(TorchError) -> Tensor {
        try Tensor("modulate") { unsafe $0.pointee.modulate($1, pointer, scale.pointer, shift.pointer) }
    }

    /// `self + sin²(alphaExp · self) · betaInverse`: the autoencoder's activation.
    public func snake(_ alphaExp: Tensor, _ betaInverse: Tensor) throws(TorchError) -> Tensor {
        try Tensor("snake") { unsafe $0.pointee.snake($1, pointer, alphaExp.pointer, betaInverse.pointer) }
    }
}
