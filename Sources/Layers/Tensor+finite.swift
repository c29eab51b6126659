// SPDX-License-Identifier: Apache-2.0

public import Torch

extension Tensor {
    /// Whether no element is NaN or infinite.
    public var isFinite: Bool {
        get throws(TorchError) { try isfinite().all().item() != 0 }
    }
}
