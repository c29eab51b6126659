// SPDX-License-Identifier: Apache-2.0

public import ACEStep
public import Audio

/// What a run made, and of what.
public struct EngineResult: Sendable {
    /// One finished piece of music.
    public struct Piece: Sendable {
        /// Its samples.
        public let audio: AudioBuffer
        /// The seed of its noise.
        public let seed: UInt64
    }

    /// An adapter that took part.
    public struct UsedAdapter: Sendable, Equatable {
        /// As it was asked for.
        public let reference: String
        /// Its resident name.
        public let name: String
        /// Its strength.
        public let weight: Double
        /// The part of the song in which it acted; nil for all of it.
        public let span: SongSpan?
    }

    /// One piece for each item of the batch.
    public let pieces: [Piece]
    /// The base.
    public let base: BaseDescription
    /// The numbers that held.
    public let parameters: SamplingParameters
    /// The adapters, in the order asked for.
    public let adapters: [UsedAdapter]
    /// How the adapters were computed, which the music does not tell.
    ///
    /// Nil without adapters.
    public let adapterMode: AdapterMode?
    /// Seconds spent loading, merging and switching adapters.
    public let adapterSeconds: Double
    /// Seconds spent in each part of the model.
    public let timings: GenerationTimings
    /// What the user should know.
    public let warnings: [String]
}
