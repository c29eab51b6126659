// SPDX-License-Identifier: Apache-2.0

/// The latents of one piece of music after every denoising step.
package struct Trajectory: Sendable, Equatable {
    /// Latent frames.
    package let frames: Int
    /// Channels of a frame.
    package let channels: Int
    /// For each step the latents, frame by frame.
    package let steps: [[Float]]

    /// A trajectory.
    ///
    /// - Parameters:
    ///   - frames: at least 1.
    ///   - channels: at least 1.
    ///   - steps: at least one, each of frames × channels numbers.
    /// - Throws: ``AttributionError/points(_:)`` for anything else, and for NaN and infinity.
    package init(frames: Int, channels: Int, steps: [[Float]]) throws(AttributionError) {
        guard frames > 0, channels > 0, !steps.isEmpty, steps.allSatisfy({ $0.count == frames * channels }) else {
            throw .points("\(steps.count) steps are no trajectory of \(frames) frames with \(channels) channels")
        }
        guard steps.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
            throw .points("a trajectory holds NaN or infinity")
        }
        (self.frames, self.channels, self.steps) = (frames, channels, steps)
    }
}
