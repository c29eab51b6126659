// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Checkpoints
import Foundation
package import Torch

/// A piece of music for training a whole model: its latents, and the words of its prompt.
///
/// Conditions are not there: the encoders that make them are trained too.
package struct LatentFile {
    private static let tensorName = "latents"
    private static let field = "song"

    /// The file.
    package let path: String
    /// What `generate` would be asked for to make it.
    package let request: MusicRequest
    /// Latent frames.
    package let frames: Int
    /// Channels of the latents.
    package let channels: Int
    /// The file's size.
    package let byteCount: Int
    private let reader: TensorFileReader

    /// The words, as the header has them.
    private struct Words: Codable {
        var tags: String
        var lyrics: String
        var duration: Double
        var bpm: String?
        var keyscale: String?
        var timesignature: String?
        var language: String
    }

    /// Opens a file; its latents are read when they are visited.
    ///
    /// - Parameter path: a file that ``write(_:request:to:)`` has made.
    /// - Throws: `CheckpointError` if it is missing or malformed, ``TrainingError/state(file:reason:)`` if it holds something
    ///   else.
    package init(path: String) throws {
        self.path = path
        reader = try TensorFileReader(path: path)
        byteCount = reader.byteCount
        guard let shape = reader.shape(of: Self.tensorName), shape.count == 2, !shape.contains(0) else {
            throw TrainingError.state(
                file: path,
                reason: "it has no latents of two dimensions; remove it, and it is made again"
            )
        }
        (frames, channels) = (shape[0], shape[1])
        guard let text = reader.metadata[Self.field],
            let words = try? JSONDecoder().decode(Words.self, from: Data(text.utf8))
        else {
            throw TrainingError.state(
                file: path,
                reason: "it does not say what was asked for; remove it, and it is made again"
            )
        }
        request = MusicRequest(
            tags: words.tags,
            lyrics: words.lyrics,
            duration: words.duration,
            bpm: words.bpm.flatMap { WrittenNumber($0) },
            keyScale: words.keyscale,
            timeSignature: words.timesignature,
            vocalLanguage: words.language
        )
    }

    /// The latents, `[frames, channels]`, float32.
    ///
    /// - Throws: `TorchError` if there is no memory for them.
    package func latents() throws -> Tensor { try reader.tensor(Self.tensorName).to(.float32) }

    /// Writes a piece, whole or not at all.
    ///
    /// - Parameters:
    ///   - latents: `[frames, channels]`.
    ///   - request: what `generate` would be asked for to make it.
    ///   - path: the file.
    /// - Throws: `CheckpointError` if it cannot be written.
    package static func write(_ latents: Tensor, request: MusicRequest, to path: String) throws {
        let words = Words(
            tags: request.tags,
            lyrics: request.lyrics,
            duration: request.duration,
            bpm: request.bpm?.text,
            keyscale: request.keyScale,
            timesignature: request.timeSignature,
            language: request.vocalLanguage
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(words), as: UTF8.self)
        try TensorFileWriter.write(to: path, tensors: [(tensorName, latents)], metadata: [field: text])
    }
}
