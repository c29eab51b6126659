// SPDX-License-Identifier: Apache-2.0

import Audio
import Checkpoints
import Datasets
import Foundation
import TrainingData

/// One song on its way to tensors: where things lie, and how its results are recognised.
struct PreprocessingJob: Sendable {
    let song: Song
    let prompt: TrainingPrompt
    /// What the results say of where the song is.
    let origin: String
    /// The result's name, without its extension.
    let name: String
    /// The result.
    let result: String
    /// What the first pass leaves for the second.
    let intermediate: String
    /// Where the result is written before it gets its place, so that a killed run leaves nothing beside the results.
    let unfinished: String
    /// What the latents are made from and how.
    let encodingFingerprint: String
    /// What the result is made from and how.
    let fingerprint: String
    /// Whether a result that is there is the one that was recorded, so that its latents can be trusted.
    var hasIntactResult = false

    /// The result's file name.
    var resultName: String { SongPath(result).name }

    /// Whether the result is there, as it was recorded, made from the same sound and words in the same way.
    var isDone: Bool {
        guard hasIntactResult else { return false }
        // A file that cannot be read, or is another's, is made again.
        return (try? SampleFile(path: result))?.metadata.fingerprint == fingerprint
    }
}

/// The songs of a plan before their files are read.
struct PreprocessingDraft: Sendable {
    private let plan: PreprocessingPlan
    private let maximumSeconds: Double?
    private let checkpoint: CheckpointDigest
    /// What the conditions are computed in and whose conventions they follow.
    private let conventions: String
    private let names: [String]
    private let prompts: [TrainingPrompt]

    /// - Parameters:
    ///   - plan: what to do.
    ///   - maximumSeconds: how much of each song is taken; nil takes all.
    ///   - checkpoint: what the latents and conditions come from.
    ///   - conventions: the type that conditions are computed in and whose conventions they follow.
    init(
        _ plan: PreprocessingPlan,
        maximumSeconds: Double?,
        checkpoint: CheckpointDigest,
        conventions: String
    ) {
        self.plan = plan
        self.maximumSeconds = maximumSeconds
        self.checkpoint = checkpoint
        self.conventions = conventions
        names = AudioFolder.names(of: plan.songs.songs.map(\.audioPath), below: plan.folder)
        prompts = plan.songs.prompts
    }

    /// How many songs there are.
    var count: Int { names.count }

    /// Looks at a song; reads its file once.
    ///
    /// - Parameter position: of the song in the plan.
    /// - Returns: the job.
    /// - Throws: `CheckpointError` if the sound file cannot be read.
    func job(_ position: Int) throws -> PreprocessingJob {
        let (song, name) = (plan.songs.songs[position], names[position])
        let sampling = plan.posteriorSeed.map { "seed \($0)" } ?? "mean"
        let encoding = [
            "2", try ContentDigest.sha256(path: song.audioPath), plan.level.rawValue, "\(plan.peak)",
            "\(plan.loudness)",
            "\(maximumSeconds ?? 0)", sampling, name, checkpoint.autoencoder,
        ]
        let encodingFingerprint = ContentDigest.sha256(of: encoding)
        let all =
            [encodingFingerprint, checkpoint.conditions, conventions, plan.conditioning.rawValue] + words(position)
        return PreprocessingJob(
            song: song,
            prompt: prompts[position],
            origin: origin(of: song),
            name: name,
            result: "\(plan.output)/\(name).\(plan.format.rawValue)",
            intermediate: plan.workspace + "/latents/\(name).safetensors",
            unfinished: plan.workspace + "/song.\(plan.format.rawValue)",
            encodingFingerprint: encodingFingerprint,
            fingerprint: ContentDigest.sha256(of: all)
        )
    }

    /// What a result says of its song, and what its conditions are made of.
    private func words(_ position: Int) -> [String] {
        let song = plan.songs.songs[position]
        let metadata = song.metadata
        var words = [
            prompts[position].text, metadata.caption, metadata.genre, metadata.lyrics,
            metadata.bpm.map(String.init) ?? "", metadata.keyScale, metadata.timeSignature, metadata.language,
            "\(metadata.isInstrumental)", metadata.trigger, metadata.promptOverride?.rawValue ?? "",
        ]
        if plan.conditioning == .sideStep { words += ["\(metadata.duration)", song.source.rawValue] }
        return words
    }

    /// Where results say that a song is: in what its folder is a copy of, if it is one.
    private func origin(of song: Song) -> String {
        guard let source = plan.source, let folder = plan.folder, song.audioPath.hasPrefix(folder + "/") else {
            return song.audioPath
        }
        return source + song.audioPath.dropFirst(folder.count)
    }
}
