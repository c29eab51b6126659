// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Datasets
import Torch

/// What the model is told of a song while it learns from it.
struct SongConditions {
    /// The condition sequence, `[positions, hidden]`.
    let states: Tensor
    /// How many of the positions are no filling; those come first.
    let realCount: Int
    /// How long the song is said to be, in whole seconds.
    let statedSeconds: Int

    /// Encodes a song's words.
    ///
    /// - Parameters:
    ///   - job: the song.
    ///   - seconds: how long its sound is, rounded down.
    ///   - conditioning: whose conditions are made.
    ///   - encoder: makes them.
    /// - Throws: `ModelError`, `TorchError`.
    init(
        _ job: PreprocessingJob,
        seconds: Int,
        conditioning: PreprocessingPlan.Conditioning,
        encoder: PromptEncoder
    ) throws {
        switch conditioning {
        case .generation:
            statedSeconds = seconds
            let tokens = try encoder.tokens(of: Prompt(job.request(seconds: seconds)))
            states = try encoder.conditions(of: tokens).select(0, 0)
            realCount = states.dimension(0)
        case .sideStep:
            var metadata = job.song.metadata
            // Only of songs with a text file beside them does Side-Step look up a length that nobody stated.
            if metadata.duration == 0, job.song.source == .textFiles { metadata.duration = seconds }
            statedSeconds = metadata.duration
            let filled = try encoder.sideStepConditions(
                caption: job.prompt.sideStepCaption(metadata),
                lyrics: metadata.lyrics
            )
            states = try filled.states.select(0, 0)
            realCount = filled.realCount
        }
    }
}

extension PreprocessingJob {
    /// What `generate` would be asked for to make this song.
    ///
    /// - Parameter seconds: the song's length, which its prompt states.
    /// - Returns: the request, for its prompt.
    func request(seconds: Int) -> MusicRequest {
        let metadata = song.metadata
        return MusicRequest(
            tags: prompt.text,
            lyrics: metadata.lyrics,
            duration: Double(seconds),
            bpm: metadata.bpm.flatMap { $0 > 0 ? WrittenNumber($0) : nil },
            keyScale: metadata.keyScale,
            timeSignature: metadata.timeSignature,
            vocalLanguage: metadata.language
        )
    }
}
