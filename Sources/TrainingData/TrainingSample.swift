// SPDX-License-Identifier: Apache-2.0

public import Checkpoints

/// A song as the model learns from it: what it is to make, and the conditions under which.
public struct TrainingSample: Sendable, Equatable {
    /// The tensors that every file has.
    public enum Key: String, Sendable, CaseIterable {
        /// The song's latents, `[frames, channels]`.
        case targetLatents = "target_latents"
        /// Ones, `[frames]`.
        case attentionMask = "attention_mask"
        /// The condition sequence, `[positions, width]`.
        case encoderHiddenStates = "encoder_hidden_states"
        /// Which positions are no filling, `[positions]`.
        case encoderAttentionMask = "encoder_attention_mask"
        /// Silence and then a mask of ones, `[frames, 2 · channels]`.
        case contextLatents = "context_latents"
    }

    /// One tensor.
    public struct Tensor: Sendable, Equatable {
        /// The type of its elements.
        public let dtype: StoredDType
        /// Its dimensions.
        public let shape: [Int]
        /// Its elements, row-major, little-endian.
        public let bytes: [UInt8]

        /// Names all three.
        public init(dtype: StoredDType, shape: [Int], bytes: [UInt8]) {
            self.dtype = dtype
            self.shape = shape
            self.bytes = bytes
        }
    }

    /// The tensors, one for each key.
    public let tensors: [Key: Tensor]
    /// What is said about the song.
    public let metadata: SampleMetadata

    /// Latent frames of the song.
    public var frames: Int { tensors[.targetLatents]?.shape.first ?? 0 }

    /// Checks that the tensors belong together.
    ///
    /// - Parameters:
    ///   - tensors: one for each key.
    ///   - metadata: what is said about the song.
    ///   - path: the file, for messages.
    /// - Throws: ``TrainingDataError/missing(path:tensor:)``, ``TrainingDataError/misfit(path:tensor:reason:)``.
    public init(tensors: [Key: Tensor], metadata: SampleMetadata, path: String) throws(TrainingDataError) {
        try SampleLayout.check(tensors.mapValues { SampleLayout(dtype: $0.dtype, shape: $0.shape) }, path: path)
        self.tensors = tensors
        self.metadata = metadata
    }
}
