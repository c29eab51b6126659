// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
package import Torch

/// What says in the silent latents of a model how far into a piece a frame is: Fourier features of time.
///
/// ACE-Step's attention knows distances alone, and where a beat falls is a question of positions: over a thousand steps a small model
/// with bare encoded silence as its context learnt nothing of tempo, one with this code all of it. Each released model comes with its
/// own silence, so that no program that runs it needs to know.
package struct PositionCode {
    /// Cycles a second between a pair of channels and the next: pieces up to the inverse of it are told apart everywhere.
    private static let spacing = 1.0 / 12

    /// The code of the first frames.
    ///
    /// - Parameters:
    ///   - frames: how many.
    ///   - channels: how many of each, an even number.
    /// - Returns: `[frames, channels]`, sines and then cosines, within ±1.
    /// - Throws: `TorchError` if there is no memory for it.
    package static func code(frames: Int, channels: Int) throws -> Tensor {
        let speeds = (0..<channels / 2).map { 2 * Double.pi * spacing * (Double($0) + 0.5) }
        let values = (0..<frames).flatMap { frame in
            let time = Double(frame) / Double(MusicRequest.framesPerSecond)
            return speeds.map { Float(sin($0 * time)) } + speeds.map { Float(cos($0 * time)) }
        }
        return try Tensor(values, shape: [frames, channels])
    }
}
