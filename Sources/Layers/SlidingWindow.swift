// SPDX-License-Identifier: Apache-2.0

public import Torch

/// Bidirectional attention in a band: key `j` is visible to query `i` when `|i − j| ≤ window`.
///
/// Short sequences take one dense mask. Long ones are cut into blocks of queries that each see only the keys inside their
/// band, so that time and memory grow with the length and not with its square.
public struct SlidingWindow {
    private let length: Int
    private let window: Int
    /// Queries of one block; nil where one dense mask covers them all.
    private let block: Int?
    private let mask: Tensor?
    private let padding: KeyPadding?

    /// Above this many positions, blocks are cheaper than the products that a dense mask throws away.
    private static let densestLength = 1024

    /// Prepares the mask, if any is needed.
    ///
    /// - Parameters:
    ///   - length: positions of queries and keys.
    ///   - window: how far a query sees to either side.
    ///   - dtype: the type of queries and keys; masked scores get its lowest finite value.
    ///   - device: where they are.
    ///   - padding: which keys are real, where the items of a batch differ in length.
    ///   - densestLength: the most positions that take a dense mask; it is never below `2 · window`. Nil takes 1024.
    /// - Throws: `TorchError` if the mask cannot be made.
    public init(
        length: Int,
        window: Int,
        dtype: DType,
        device: Device,
        padding: KeyPadding? = nil,
        densestLength: Int? = nil
    ) throws(TorchError) {
        self.padding = padding
        self.length = length
        self.window = window
        let dense = length <= max(densestLength ?? Self.densestLength, 2 * window)
        guard !dense else {
            block = nil
            mask =
                length <= window + 1
                ? padding?.mask
                : try Self.combined(
                    Self.band(queries: length, keys: length, offset: 0, window: window, dtype: dtype, device: device),
                    padding?.mask
                )
            return
        }
        let block = max(2 * window, 64)
        self.block = block
        mask = try Self.band(
            queries: block,
            keys: block + 2 * window,
            offset: window,
            window: window,
            dtype: dtype,
            device: device
        )
    }

    /// An additive mask `[queries, keys]`: zero where `|query + offset − key| ≤ window`, else the type's lowest value.
    private static func band(
        queries: Int,
        keys: Int,
        offset: Int,
        window: Int,
        dtype: DType,
        device: Device
    ) throws(TorchError) -> Tensor {
        let rows = try Tensor.arange(queries, dtype: .int64, device: device).unsqueeze(1)
        let columns = try Tensor.arange(keys, dtype: .int64, device: device).unsqueeze(0)
        let distance = try (rows - columns + Double(offset)).abs()
        let hidden = try distance.greaterThan(Double(window))
        return try Tensor.zeros([queries, keys], dtype: dtype, device: device).maskedFill(hidden, dtype.lowest)
    }

    /// Hides what either mask hides.
    ///
    /// Their sum would overflow to minus infinity, and a row of those is NaN.
    private static func combined(_ band: Tensor, _ padding: Tensor?) throws(TorchError) -> Tensor {
        guard let padding else { return band }
        return try band.minimum(padding)
    }

    /// Attention inside the band.
    ///
    /// - Parameters:
    ///   - query: `[batch, heads, length, headDimension]`.
    ///   - key: `[batch, keyValueHeads, length, headDimension]`; consecutive query heads share one.
    ///   - value: as `key`.
    ///   - scale: what products of queries and keys are multiplied by before the softmax.
    /// - Returns: `[batch, heads, length, headDimension]`.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package func attend(query: Tensor, key: Tensor, value: Tensor, scale: Double) throws(TorchError) -> Tensor {
        guard let block else { return try query.attend(key: key, value: value, mask: mask, scale: scale) }
        var parts: [Tensor] = []
        for start in stride(from: 0, to: length, by: block) {
            let end = min(start + block, length)
            let first = max(start - window, 0)
            let last = min(end + window, length)
            let column = first - (start - window)
            let band = try mask?.slice(0, from: 0, to: end - start).slice(1, from: column, to: column + last - first)
            let visible = try band.map { (band: Tensor) throws(TorchError) in
                try Self.combined(band, try padding?.mask.slice(3, from: first, to: last))
            }
            parts.append(
                try query.slice(2, from: start, to: end).attend(
                    key: key.slice(2, from: first, to: last),
                    value: value.slice(2, from: first, to: last),
                    mask: visible,
                    scale: scale
                )
            )
        }
        return try Tensor.cat(parts, dimension: 2)
    }
}
