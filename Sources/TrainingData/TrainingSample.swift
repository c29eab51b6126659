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
        self.tensors = tensors
        self.metadata = metadata
        func tensor(_ key: Key, rank: Int) throws(TrainingDataError) -> Tensor {
            guard let tensor = tensors[key] else { throw .missing(path: path, tensor: key.rawValue) }
            func misfit(_ reason: String) -> TrainingDataError {
                .misfit(path: path, tensor: key.rawValue, reason: reason)
            }
            guard tensor.shape.count == rank, !tensor.shape.contains(0) else {
                throw misfit("is \(tensor.shape), expected \(rank) dimensions above 0")
            }
            guard Self.isNumber(tensor.dtype) || (key == .encoderAttentionMask && tensor.dtype == .bool) else {
                throw misfit("is of type \(tensor.dtype.rawValue), expected floating point")
            }
            return tensor
        }
        let latents = try tensor(.targetLatents, rank: 2)
        let states = try tensor(.encoderHiddenStates, rank: 2)
        for (key, expected) in [
            (Key.attentionMask, [latents.shape[0]]), (.encoderAttentionMask, [states.shape[0]]),
            (.contextLatents, [latents.shape[0], 2 * latents.shape[1]]),
        ] {
            let shape = try tensor(key, rank: expected.count).shape
            guard shape == expected else {
                throw .misfit(path: path, tensor: key.rawValue, reason: "is \(shape), the others imply \(expected)")
            }
        }
    }

    private static func isNumber(_ dtype: StoredDType) -> Bool {
        [.float32, .bfloat16, .float16, .float64].contains(dtype)
    }
}
