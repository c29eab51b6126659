// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Checkpoints
import Datasets
import Foundation
import Torch
import TrainingData

/// Turns songs into the tensors that a model learns from, on a compute thread of its own.
///
/// Two passes, so that the encoder of sound and the encoders of text are not in memory together. What a pass has finished stays,
/// so that a run that was ended, in whatever way, goes on where it was; results do not depend on how often that happens.
public actor Preprocessor {
    nonisolated let thread: ComputeThread
    private let configuration: MusicEngine.Configuration
    nonisolated let files: ModelFiles
    private var choice: (device: Device, dtype: DType)?
    private var latents: LatentEncoder?
    private var prompts: PromptEncoder?

    /// The compute thread.
    nonisolated public var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Finds the parts of a checkpoint; nothing is loaded yet.
    ///
    /// - Parameter configuration: which checkpoint, and how to compute; there is no embedded one for this.
    /// - Throws: an error that names what is missing.
    public init(_ configuration: MusicEngine.Configuration) throws {
        guard let model = configuration.model else {
            throw EngineError.unsupported("preprocessing needs a checkpoint; name it with --model DIR")
        }
        thread = ComputeThread(name: "lumina.compute")
        files = try ModelFiles(path: model, variant: configuration.variant)
        self.configuration = configuration
    }

    /// Where to compute and in which type; asked on the compute thread, which is the one whose threads are counted.
    private func choose() throws -> (device: Device, dtype: DType) {
        if let choice { return choice }
        guard configuration.dtype != "int8" else {
            throw EngineError.unsupported("preprocessing computes in float32 or bfloat16; leave out --dtype int8")
        }
        if let threads = configuration.threads { try TorchRuntime.setThreadCount(threads) }
        let device = try ComputeChoice.device(configuration.device)
        let stored = try MusicModel.storedType(files: files)
        let chosen = (device, try ComputeChoice.dtype(configuration.dtype, stored: stored, device: device))
        choice = chosen
        return chosen
    }

    /// What the conditions are computed in, and whose conventions they follow.
    func conventions() throws -> String {
        "\(files.name) \(try choose().dtype.name) \(configuration.compatibility.rawValue)"
    }

    /// Songs whose sound has yet to be encoded.
    func withoutLatents(_ jobs: [PreprocessingJob]) throws -> [PreprocessingJob] {
        let dtype = try choose().dtype
        return jobs.filter { EncodedSound($0, dtype: dtype) == nil }
    }

    // MARK: The first pass

    /// Loads the encoder of sound.
    ///
    /// - Returns: the sample rate that it takes.
    /// - Throws: an error that names what is missing.
    func openLatentEncoder() throws -> Int {
        let encoder = try latents ?? LatentEncoder(files: files, device: choose().device)
        latents = encoder
        return encoder.configuration.sampleRate
    }

    /// Gives back the memory of whatever is loaded.
    func close() {
        latents = nil
        prompts = nil
    }

    /// Leaves a song's latents for the second pass.
    ///
    /// - Parameters:
    ///   - sound: the song.
    ///   - job: where they go.
    ///   - seed: draws from the posterior; nil takes its mean.
    /// - Throws: `EngineError` or `ModelError` for what is wrong with the song, else what goes wrong with the disk or the device.
    func encode(_ sound: AudioBuffer, job: PreprocessingJob, seed: UInt64?) throws {
        guard let encoder = latents else { throw EngineError.notLoaded }
        guard sound.channels == encoder.configuration.audioChannels else {
            throw EngineError.unsupported(
                "the checkpoint's autoencoder has \(encoder.configuration.audioChannels) channels"
            )
        }
        guard sound.frameCount >= encoder.configuration.hop else {
            throw EngineError.unsupported(
                "it is shorter than a frame of the model, which has \(encoder.configuration.hop) samples"
            )
        }
        let device = try choose().device
        let generator = try seed.map { try Generator(seed: $0 ^ Self.number(of: job.name), device: device) }
        let latents = try encoder.latents(of: sound.samples, generator: generator) { _ in
            if Task.isCancelled { throw CancellationError() }
        }
        try EncodedSound.write(latents, seconds: Int(sound.seconds), of: job)
    }

    /// A number for a song's name (FNV-1a): noise must not depend on which songs are done before it.
    private static func number(of name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    // MARK: The second pass

    /// Makes a song's conditions, and its file.
    ///
    /// - Parameters:
    ///   - job: the song, whose latents are there.
    ///   - plan: how.
    /// - Throws: an error of the checkpoint, the device or the disk.
    func complete(_ job: PreprocessingJob, plan: PreprocessingPlan) throws {
        let encoder = try openPromptEncoder()
        guard let sound = EncodedSound(job, dtype: try choose().dtype) else {
            throw EngineError.unsupported(
                "\(job.intermediate) went away while it was needed; run the same command again"
            )
        }
        let latents = try sound.latents()
        let conditions = try SongConditions(
            job,
            seconds: sound.seconds,
            conditioning: plan.conditioning,
            encoder: encoder
        )
        let frames = latents.dimension(0)
        let positions = conditions.states.dimension(0)
        let sample = try TrainingSample(
            tensors: [
                .targetLatents: tensor(latents),
                .attentionMask: tensor(Tensor.ones([frames])),
                .encoderHiddenStates: tensor(conditions.states),
                .encoderAttentionMask: .init(
                    dtype: .bool,
                    shape: [positions],
                    bytes: (0..<positions).map { $0 < conditions.realCount ? 1 : 0 }
                ),
                .contextLatents: tensor(encoder.context(frames: frames).select(0, 0)),
            ],
            metadata: SampleMetadata(
                job.song,
                origin: job.origin,
                duration: conditions.statedSeconds,
                prompt: job.prompt.text,
                fingerprint: job.fingerprint,
                sound: (job.encodingFingerprint, sound.seconds)
            ),
            path: job.result
        )
        try sample.write(to: job.unfinished, format: plan.format)
        guard unsafe rename(job.unfinished, job.result) == 0 else {
            throw CheckpointError(.unwritable, path: job.result, reason: unsafe String(cString: strerror(errno)))
        }
    }

    private func openPromptEncoder() throws -> PromptEncoder {
        if let prompts { return prompts }
        let (device, dtype) = try choose()
        let encoder = try PromptEncoder(
            files: files,
            dtype: dtype,
            device: device,
            compatibility: configuration.compatibility
        )
        prompts = encoder
        return encoder
    }

    /// A tensor in the type that the model computes in, as files keep it.
    private func tensor(_ tensor: Tensor) throws -> TrainingSample.Tensor {
        let dtype = try choose().dtype
        let kept = try tensor.to(dtype).to(.cpu).contiguous()
        return .init(dtype: dtype.stored, shape: kept.shape, bytes: try kept.bytes())
    }
}
