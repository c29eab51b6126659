// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import Torch
import TrainingData

/// Latents of a song that are there already.
struct EncodedSound {
    private enum Place {
        case intermediate(SafetensorsFile)
        case result(SampleFile)
    }

    /// How long the sound is, in whole seconds.
    let seconds: Int
    private let place: Place
    private static let tensorName = "latents"
    /// The field of the intermediate file's header that says what it is made from.
    private static let fingerprintField = "fingerprint"
    /// The field of the intermediate file's header that says how long the sound is.
    private static let secondsField = "seconds"

    /// Finds the latents of a job's sound, made in the same way: what the first pass left, or a result whose words have changed
    /// since; nil where there are none.
    ///
    /// - Parameters:
    ///   - job: the song.
    ///   - dtype: what results are stored in; a result in another type was rounded in another way.
    init?(_ job: PreprocessingJob, dtype: DType) {
        // Whatever is wrong with a file, making it again sets it right.
        if FileManager.default.fileExists(atPath: job.intermediate),
            let file = try? SafetensorsFile(path: job.intermediate),
            file.metadata[Self.fingerprintField] == job.encodingFingerprint,
            let seconds = file.metadata[Self.secondsField].flatMap(Int.init), file.tensors[Self.tensorName] != nil
        {
            (self.seconds, place) = (seconds, .intermediate(file))
        } else if job.hasIntactResult, let file = try? SampleFile(path: job.result),
            file.metadata.soundFingerprint == job.encodingFingerprint, let seconds = file.metadata.soundSeconds,
            file.dtype(of: .targetLatents) == dtype.stored
        {
            (self.seconds, place) = (seconds, .result(file))
        } else {
            return nil
        }
    }

    /// The latents, `[frames, channels]`.
    ///
    /// - Throws: `CheckpointError`, `TorchError`.
    func latents() throws -> Tensor {
        switch place {
        case .intermediate(let file):
            let shape = try file.description(Self.tensorName).shape
            return try unsafe file.withBytes(of: Self.tensorName) { bytes in
                try unsafe Tensor(copying: bytes, shape: shape, dtype: .float32)
            }
        case .result(let file):
            let dtype: DType = file.dtype(of: .targetLatents) == .bfloat16 ? .bfloat16 : .float32
            return try unsafe file.withBytes(of: .targetLatents) { bytes in
                try unsafe Tensor(copying: bytes, shape: file.shape(of: .targetLatents), dtype: dtype)
            }
        }
    }

    /// Leaves latents for the second pass.
    ///
    /// - Parameters:
    ///   - latents: `[frames, channels]`, float32, on the CPU.
    ///   - seconds: how long the sound is.
    ///   - job: the song.
    /// - Throws: `CheckpointError` if the file cannot be written.
    static func write(_ latents: Tensor, seconds: Int, of job: PreprocessingJob) throws {
        let bytes = try latents.bytes()
        try SafetensorsWriter.write(
            to: job.intermediate,
            tensors: [TensorSpecification(name: tensorName, dtype: .float32, shape: latents.shape)],
            metadata: [fingerprintField: job.encodingFingerprint, secondsField: "\(seconds)"]
        ) { _ in bytes }
    }
}

extension DType {
    /// How files of tensors keep what is computed in this type.
    var stored: StoredDType { self == .bfloat16 ? .bfloat16 : .float32 }
}
