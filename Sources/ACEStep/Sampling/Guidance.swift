// SPDX-License-Identifier: Apache-2.0

package import Torch

/// Adaptive projected guidance with ACE-Step's constants.
///
/// The difference between the conditional and the unconditional velocity keeps a negative momentum, is clipped in norm,
/// and loses its part along the condition.
/// Source: Sadat et al. 2024, Eliminating oversaturation and artifacts of high guidance scales in diffusion models.
package struct AdaptiveProjectedGuidance {
    private static let momentum = -0.75
    private static let largestNorm = 2.5

    /// The guidance scale; 1 leaves the conditional velocity alone.
    let scale: Double
    private var running: Tensor?

    /// Starts a run without momentum.
    package init(scale: Double) { self.scale = scale }

    /// The guided velocity.
    ///
    /// Norms run over time, for each channel.
    ///
    /// - Parameters:
    ///   - conditional: `[batch, frames, channels]`.
    ///   - unconditional: the same shape.
    /// - Returns: the same shape.
    /// - Throws: `TorchError` if the shapes do not fit or an operation fails.
    package mutating func callAsFunction(conditional: Tensor, unconditional: Tensor) throws -> Tensor {
        var difference = try conditional - unconditional
        if let running { difference = try difference + running * Self.momentum }
        running = difference
        let norm = try difference.norm(dimensions: [1], keepDimension: true)
        let clipped = try difference * (norm.reciprocal() * Self.largestNorm).clamp(min: nil, max: 1)
        let wide = try clipped.to(.float64)
        let along = try conditional.to(.float64)
        let length = try along.norm(dimensions: [1], keepDimension: true).clamp(min: 1e-12, max: nil)
        let direction = try along / length
        let parallel = try (wide * direction).sum(dimensions: [1], keepDimension: true) * direction
        let orthogonal = try (wide - parallel).to(conditional.dtype)
        return try conditional + orthogonal * (scale - 1)
    }
}

/// The part of a run in which guidance applies.
public struct GuidanceInterval: Sendable, Equatable {
    /// From where, 0 … 1.
    public var start: Double
    /// To where, 0 … 1.
    public var end: Double

    /// The whole run unless told otherwise.
    public init(start: Double = 0, end: Double = 1) {
        self.start = start
        self.end = end
    }

    /// Whether guidance applies at time `time`.
    ///
    /// - Parameters:
    ///   - time: the flow's time t, from 1 (noise) to 0 (music).
    ///   - compatibility: the original counts the interval in t, diffusers in 1 − t.
    /// - Returns: whether the position is inside the interval; both ends are.
    func contains(time: Float, compatibility: Compatibility) -> Bool {
        let position = compatibility == .original ? Double(time) : 1 - Double(time)
        return start <= position && position <= end
    }
}

/// Whose conventions to follow where the original model and diffusers differ.
public enum Compatibility: String, Sendable, Codable, CaseIterable {
    /// diffusers 0.42.1's where the two differ, but the XL models' timbre token as in the original: the default.
    case standard
    /// diffusers 0.42.1's throughout: the timbre token is never used.
    case diffusers
    /// The original model's: a schedule rounded to bfloat16, at least 128 frames, the guidance interval counted in t.
    case original
}
