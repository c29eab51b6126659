// SPDX-License-Identifier: Apache-2.0

import Checkpoints
package import Torch

/// A convolution's weight as a small core and two matrices.
package enum TuckerProduct {
    /// Whether a core `[r, r, kernel]` has the kernel of a stored weight; ones at the end do not count.
    static func fits(_ core: TensorDescription, _ shape: [Int]) -> Bool {
        core.shape.dropFirst(2).reduce(1, *) == shape.dropFirst(2).reduce(1, *)
            && core.shape.dropFirst(2).first == shape.dropFirst(2).first
    }

    /// `W[p, q, k] = Σᵢⱼ core[i, j, k]·left[i, p]·right[j, q]`.
    ///
    /// - Parameters:
    ///   - core: `[r, r, kernel]`.
    ///   - left: `[r, out]`.
    ///   - right: `[r, in]`.
    /// - Returns: `[out, in · kernel]`.
    /// - Throws: `TorchError` if an operation fails.
    package static func expand(core: Tensor, left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        let rank = left.dimension(0)
        let slices = try core.reshape([rank, rank, -1]).permute([2, 0, 1])
        let weights = try left.transpose(0, 1).matmul(slices).matmul(right)
        return try weights.permute([1, 2, 0]).reshape([left.dimension(1), -1])
    }
}
