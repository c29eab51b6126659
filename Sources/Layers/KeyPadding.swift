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
        try self.init(real: lengths.map { 0..<$0 }, total: total, dtype: dtype, device: device)
    }

    /// Nil if every item fills the whole length: then nothing has to be hidden.
    ///
    /// - Parameters:
    ///   - real: the real keys of each item; what fills up may stand before and behind them.
    ///   - total: the keys of the padded batch.
    ///   - dtype: the type of queries and keys.
    ///   - device: where they are.
    /// - Throws: `TorchError` if the mask cannot be made.
    public init?(real: [Range<Int>], total: Int, dtype: DType, device: Device) throws(TorchError) {
        guard real.contains(where: { $0 != 0..<total }) else { return nil }
        func column(_ values: [Int]) throws(TorchError) -> Tensor {
            try Tensor(values.map(Int64.init), shape: [values.count, 1, 1, 1]).to(device)
        }
        let positions = try Tensor.arange(total, dtype: .int64, device: device)
        let hidden = try positions.lessThan(column(real.map(\.lowerBound)))
            .logicalOr(positions.greaterThanOrEqual(column(real.map(\.upperBound))))
        mask = try Tensor.zeros([real.count, 1, 1, total], dtype: dtype, device: device)
            .maskedFill(hidden, dtype.lowest)
    }
}
