// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Foundation
package import Torch
import TrainingRuns

/// Makes the latents of a whole model's data set: piece by piece, those that are not there yet.
package struct LatentPreparation {
    /// A piece of music to learn.
    package struct Piece: Sendable {
        /// One channel after the other, at the autoencoder's rate.
        package let samples: [Float]
        /// What `generate` would be asked for to make it.
        package let request: MusicRequest

        /// Names both.
        package init(samples: [Float], request: MusicRequest) {
            self.samples = samples
            self.request = request
        }
    }

    private let directory: String
    private let encoder: LatentEncoder

    /// Opens a folder.
    ///
    /// - Parameters:
    ///   - directory: where the files go; made if it is not there.
    ///   - autoencoder: the folder of the autoencoder.
    ///   - source: what the pieces are made of and by which autoencoder; a folder keeps to one.
    /// - Throws: ``TrainingError/state(file:reason:)`` if the folder has pieces of another source; `ModelError`.
    package init(_ directory: String, autoencoder: String, source: String) throws {
        self.directory = directory
        encoder = try LatentEncoder(autoencoder: autoencoder)
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw TrainingRunsError.unwritable(path: directory, reason: error.localizedDescription)
        }
        let mark = directory + "/source.txt"
        if let known = FileManager.default.contents(atPath: mark) {
            guard known == Data(source.utf8) else {
                throw TrainingError.state(
                    file: directory,
                    reason:
                        "its latents are of another corpus or autoencoder; remove the folder, and they are made anew"
                )
            }
        } else {
            try Data(source.utf8).write(to: URL(filePath: mark))
        }
    }

    /// The file of a piece.
    package func path(of index: Int) -> String { "\(directory)/\(String(index + 1_000_000).dropFirst()).safetensors" }

    /// Makes what is missing.
    ///
    /// - Parameters:
    ///   - indices: of the pieces.
    ///   - piece: makes one.
    ///   - progress: told how many are there; false stops.
    /// - Returns: whether all are there.
    /// - Throws: what `piece` throws; `TorchError`, `CheckpointError`.
    package func run(
        _ indices: Range<Int>,
        piece: (Int) throws -> Piece,
        progress: (Int) -> Bool
    ) throws -> Bool {
        for index in indices {
            if !FileManager.default.fileExists(atPath: path(of: index)) {
                let piece = try piece(index)
                try LatentFile.write(latents(of: piece), request: piece.request, to: path(of: index))
            }
            guard progress(index - indices.lowerBound + 1) else { return index == indices.upperBound - 1 }
        }
        return true
    }

    /// The latents of a piece, as many frames as its duration asks for.
    ///
    /// - Parameter piece: the piece.
    /// - Returns: `[frames, channels]`, float32.
    /// - Throws: ``TrainingError/size(what:rule:)`` if it is shorter than it says.
    package func latents(of piece: Piece) throws -> Tensor {
        let latents = try encoder.latents(of: piece.samples) { _ in }
        let frames = piece.request.frames
        guard latents.dimension(0) >= frames else {
            throw TrainingError.size(
                what: "a piece of \(piece.request.duration) seconds has \(latents.dimension(0)) frames",
                rule: "it must have \(frames)"
            )
        }
        return try latents.slice(0, from: 0, to: frames).contiguous()
    }
}
