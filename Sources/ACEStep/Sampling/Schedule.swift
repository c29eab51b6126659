// SPDX-License-Identifier: Apache-2.0

import Torch

/// The times of a flow-matching run, from 1 (noise) to 0 (music).
public struct Schedule: Sendable, Equatable {
    /// Each step's time, and a final 0.
    public let times: [Float]

    /// How many steps.
    public var stepCount: Int { times.count - 1 }

    /// How much of float32 the times keep.
    public enum Precision: Sendable {
        /// All of it, as diffusers computes them.
        case float32
        /// Rounded to bfloat16 at the end, as the original's tables for turbo models are.
        case roundedToBFloat16
        /// Computed in bfloat16, as the original does for base and sft models.
        case bfloat16
    }

    /// `shift·τ / (1 + (shift − 1)·τ)` over `steps` equal parts τ of [1, 0].
    ///
    /// Float32 at every operation is part of the definition: the network multiplies the time by 1000, so that an ulp here
    /// shows in the latents.
    public init(steps: Int, shift: Double, precision: Precision = .float32) throws {
        let dtype: DType = precision == .bfloat16 ? .bfloat16 : .float32
        let line = try Tensor.linspace(from: 1, to: 0, count: steps + 1, dtype: dtype)
        var times = shift == 1 ? line : try (line * shift) / (line * (shift - 1) + 1)
        if precision == .roundedToBFloat16 { times = try times.to(.bfloat16) }
        self.times = try times.to(.float32).floats().dropLast() + [0]
    }
}
