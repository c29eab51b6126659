// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Foundation
import Torch
package import TrainingRuns

/// The pieces that a whole model is trained on: files of latents, and prompts as `generate` writes them.
///
/// Latents are kept in memory once they are read: ten seconds are 64 kB.
package final class LatentSource: SampleSupply {
    /// The pieces, in the order of their names.
    package let files: [LatentFile]
    private let prompts: PromptEncoder
    private var latents: [Int: Tensor] = [:]
    private var tokens: [Int: MusicModel.Tokens] = [:]
    private var contexts: [Int: Tensor] = [:]

    /// Opens the files of a folder.
    ///
    /// - Parameters:
    ///   - directory: holds what ``LatentFile/write(_:request:to:)`` has made.
    ///   - prompts: the tokenizer and the silence of the model that is trained.
    /// - Throws: what `LatentFile` throws; ``TrainingError/size(what:rule:)`` if there is none, or another model's.
    package init(_ directory: String, for prompts: PromptEncoder) throws {
        self.prompts = prompts
        // A missing folder has no pieces.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        files = try names.filter { $0.hasSuffix(".safetensors") }.sorted().map {
            try LatentFile(path: directory + "/" + $0)
        }
        guard !files.isEmpty else {
            throw TrainingError.size(
                what: "\(directory) has no latents",
                rule: "there must be at least one piece to learn from"
            )
        }
        let channels = prompts.latentChannels
        if let stray = files.first(where: { $0.channels != channels }) {
            throw TrainingError.size(
                what: "\(stray.path) has \(stray.channels) channels",
                rule: "the model takes \(channels): encode the pieces with this model's autoencoder"
            )
        }
    }

    /// Names and lengths.
    package var samples: [DataOrder.Sample] { files.map { .init(name: Self.name(of: $0.path), frames: $0.frames) } }

    /// Names, sizes and lengths.
    package var identity: DatasetIdentity {
        DatasetIdentity(samples: files.map { (Self.name(of: $0.path), $0.byteCount, $0.frames) })
    }

    /// The model's own.
    package var framesPerSecond: Double { Double(MusicRequest.framesPerSecond) }
    /// Filling would be learnt as music.
    package var groupsByLength: Bool { true }

    /// The file of a piece.
    package func path(of index: Int) -> String { files[index].path }

    /// The pieces are in memory after the first epoch.
    package func readAhead(_ visits: [DataOrder.Visit], count: Int) -> ReadAhead? { nil }

    /// Reads a piece; it is always whole, as its prompt says how long it is.
    package func sample(_ visit: DataOrder.Visit) throws -> SampleTensors {
        let index = visit.sample
        let sound = try latents[index] ?? files[index].latents()
        latents[index] = sound
        let words = try tokens[index] ?? prompts.tokens(of: Prompt(files[index].request))
        tokens[index] = words
        let context = try contexts[visit.frames] ?? prompts.context(frames: visit.frames).select(0, 0)
        contexts[visit.frames] = context
        return SampleTensors(index: index, latents: sound, context: context, conditions: .prompt(words))
    }

    private static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
