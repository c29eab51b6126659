// SPDX-License-Identifier: Apache-2.0

/// What happens while a piece is made; told to the caller, who may throw to stop.
public enum GenerationEvent: Sendable, Equatable {
    /// The prompt has been encoded.
    case encoded
    /// A denoising step is done: how many of how many.
    case denoised(step: Int, of: Int)
    /// A part of the audio is done, 0 … 1.
    case decoded(Double)
}

/// The audio of one piece and what it was made from.
public struct GeneratedPiece: Sendable {
    /// Samples of each channel.
    public let channels: [[Float]]
    /// Samples in a second.
    public let sampleRate: Int
    /// The seed of its noise.
    public let seed: UInt64
    /// What the user should know: cut lyrics, ignored parameters.
    public let warnings: [String]
}

/// Seconds spent in each part of a run.
public struct GenerationTimings: Sendable, Equatable {
    /// Text and condition encoders.
    public var encoding = 0.0
    /// Preparing the steps: keys and values of the conditions, time conditioning.
    public var planning = 0.0
    /// All denoising steps.
    public var denoising = 0.0
    /// The decoder.
    public var decoding = 0.0
    /// Passes through the diffusion transformer, whatever the number of pieces.
    public var forwardPasses = 0
}
