// SPDX-License-Identifier: Apache-2.0

import Torch

/// How loud a finished piece is.
enum Loudness {
    /// −1 dBFS as an amplitude.
    private static let peak = 0.891_250_938_133_745_6

    /// Brings the highest peak to −1 dBFS; first down to full scale where it is above, as the reference does.
    ///
    /// - Parameter audio: `[1, channels, samples]`, float32.
    /// - Returns: the same shape and type.
    /// - Throws: `TorchError` if an operation fails.
    static func normalised(_ audio: Tensor) throws -> Tensor {
        let highest = try audio.abs().max().item()
        let unclipped = highest > 1 ? try audio / highest : audio
        return try unclipped * (peak / Swift.max(Swift.min(highest, 1), 1e-6))
    }
}
