// SPDX-License-Identifier: Apache-2.0

public import Torch

/// Which keys of a batch are real where its items differ in length, so that no item sees what fills up a shorter one.
public struct KeyPadding {
    /// Zero for real keys and the type's lowest value for the others, `[batch, 1, 1, length]`.
    let mask: Tensor

    /// Nil if every item fills the whole length: then nothing has to be hidden.
    ///
    /// - Parameters:
    ///   - lengths: the real keys of each item, which come first.
    ///   - total: the keys of the padded batch.
    ///   - dtype: the type of queries and keys.
    ///   - device: where they are.
    /// - Throws: `TorchError` if the mask cannot be made.
    public init?(lengths: [Int], total: Int, dtype: DType, device: Device) throws(TorchError) {
        guard lengths.contains(where: { $0 < total }) else { return nil }
        let ends = try Tensor(lengths.map(Int64.init), shape: [lengths.count, 1, 1, 1]).to(device)
        let positions = try Tensor.arange(total, dtype: .int64, device: device)
        let hidden = try positions.greaterThanOrEqual(ends)
        mask = try Tensor.zeros([lengths.count, 1, 1, total], dtype: dtype, device: device)
            .maskedFill(hidden, dtype.lowest)
    }
}
