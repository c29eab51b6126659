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
    /// The result's name, without its extension.
    let name: String
    /// The result.
    let result: String
    /// What the first pass leaves for the second.
    let intermediate: String
    /// What the latents are made from and how.
    let encodingFingerprint: String
    /// What the result is made from and how.
    let fingerprint: String

    /// Whether the result is there, made from the same sound and words in the same way.
    var isDone: Bool {
        guard FileManager.default.fileExists(atPath: result) else { return false }
        // A file that cannot be read, or is another's, is made again.
        return (try? TrainingSample(path: result))?.metadata.fingerprint == fingerprint
    }

    /// Whether the first pass has been here, with the same sound in the same way.
    var isEncoded: Bool {
        guard FileManager.default.fileExists(atPath: intermediate) else { return false }
        // As above: whatever is wrong with it, making it again sets it right.
        return (try? SafetensorsFile(path: intermediate))?.metadata[Self.fingerprintField] == encodingFingerprint
    }

    /// The field of the intermediate file's header that says what it is made from.
    static let fingerprintField = "fingerprint"
    /// The field of the intermediate file's header that says how long the sound is.
    static let secondsField = "seconds"

    /// Looks at a plan's songs; reads each sound file once.
    ///
    /// - Parameters:
    ///   - plan: what to do.
    ///   - model: what the conditions come from: name, type and conventions.
    /// - Returns: one job for each song whose file can be read, and a failure for each other.
    static func all(
        of plan: PreprocessingPlan,
        model: String
    ) -> (jobs: [PreprocessingJob], failures: [PreprocessingReport.Failure]) {
        let songs = plan.songs.songs
        let names = AudioFolder.names(of: songs.map(\.audioPath), below: plan.folder)
        let sampling = plan.posteriorSeed.map { "seed \($0)" } ?? "mean"
        let sound = "\(plan.level.rawValue) \(plan.peak) \(plan.loudness) \(plan.maximumSeconds ?? 0) \(sampling)"
        var failures: [PreprocessingReport.Failure] = []
        let jobs = zip(zip(songs, plan.songs.prompts), names).compactMap { pair, name -> PreprocessingJob? in
            let (song, prompt) = pair
            let digest: String
            do {
                digest = try FileDigest.of(song.audioPath)
            } catch {
                failures.append(.init(path: song.audioPath, reason: "\(error)"))
                return nil
            }
            let encoding = "1 \(digest) \(sound) \(name)"
            let words = [
                prompt.text, song.metadata.lyrics, "\(song.metadata.bpm ?? 0)", song.metadata.keyScale,
                song.metadata.timeSignature, song.metadata.language,
            ]
            return PreprocessingJob(
                song: song,
                prompt: prompt,
                name: name,
                result: "\(plan.output)/\(name).\(plan.format.rawValue)",
                intermediate: "\(plan.output)/.preprocessing/\(name).safetensors",
                encodingFingerprint: encoding,
                fingerprint: "\(encoding) \(model) \(FileDigest.of(words.joined(separator: "\u{0}").utf8))"
            )
        }
        return (jobs, failures)
    }
}

/// Tells contents apart, such as those of two versions of a sound file; no protection against forgery.
enum FileDigest {
    /// FNV-1a with 64 bits, in hexadecimal.
    static func of(_ bytes: some Sequence<UInt8>) -> String {
        String(bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }, radix: 16)
    }

    /// The digest of a file's bytes and their number.
    ///
    /// - Throws: `CheckpointError` if the file cannot be read.
    static func of(_ path: String) throws -> String {
        let file = try MappedFile(path: path)
        let digest = unsafe of(file.bytes)
        return "\(file.byteCount)-\(digest)"
    }
}
