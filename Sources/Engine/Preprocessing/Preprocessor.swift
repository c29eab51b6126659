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
    private let files: ModelFiles
    private var choice: (device: Device, dtype: DType)?
    private var latents: LatentEncoder?
    private var prompts: PromptEncoder?

    /// The compute thread.
    nonisolated public var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Finds the parts of a checkpoint; nothing is loaded yet.
    ///
    /// - Parameter configuration: which checkpoint, and how to compute; without a model the embedded one.
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

    /// What the conditions come from: the checkpoint, the type computed in and the conventions.
    private func modelDescription() throws -> String {
        "\(files.name) \(try choose().dtype.name) \(configuration.compatibility.rawValue)"
    }

    /// Makes the tensors of every song that has none yet, or outdated ones.
    ///
    /// - Parameters:
    ///   - plan: what to do.
    ///   - progress: told what happens.
    /// - Returns: how it went; songs that could not be read are in it and end nothing.
    /// - Throws: `CancellationError`, and what is wrong with the checkpoint or the output directory.
    public nonisolated func run(
        _ plan: PreprocessingPlan,
        progress: @escaping @Sendable (PreprocessingEvent) -> Void = { _ in }
    ) async throws -> PreprocessingReport {
        try FileManager.default.createDirectory(
            atPath: plan.output + "/.preprocessing",
            withIntermediateDirectories: true
        )
        var (jobs, failures) = PreprocessingJob.all(of: plan, model: try await modelDescription())
        let todo = jobs.filter { !$0.isDone }
        failures += try await encode(todo.filter { !$0.isEncoded }, plan: plan) { progress(.encoded($0, of: $1)) }
        await close()
        let broken = Set(failures.map(\.path))
        let encoded = todo.filter { !broken.contains($0.song.audioPath) }
        for (position, job) in encoded.enumerated() {
            try Task.checkCancellation()
            try await complete(job, format: plan.format)
            progress(.completed(position + 1, of: encoded.count))
        }
        await close()
        jobs.removeAll { broken.contains($0.song.audioPath) }
        let order = Dictionary(uniqueKeysWithValues: plan.songs.songs.enumerated().map { ($1.audioPath, $0) })
        let seconds = try jobs.reduce(0.0) { sum, job in
            sum + Double(try TrainingSample(path: job.result).frames) / Double(MusicRequest.framesPerSecond)
        }
        let report = PreprocessingReport(
            total: plan.songs.songs.count,
            processed: encoded.count,
            skipped: jobs.count - encoded.count,
            failures: failures.sorted { order[$0.path] ?? 0 < order[$1.path] ?? 0 },
            seconds: seconds
        )
        try PreprocessingSummary(plan, report: report, model: files.name).write(to: plan.output)
        for job in jobs { try? FileManager.default.removeItem(atPath: job.intermediate) }  // it may have gone before
        let rest = plan.output + "/.preprocessing"
        if try FileManager.default.contentsOfDirectory(atPath: rest).isEmpty {
            try FileManager.default.removeItem(atPath: rest)
        }
        return report
    }

    /// The first pass: files are decoded side by side, a few ahead of the one being encoded.
    private nonisolated func encode(
        _ jobs: [PreprocessingJob],
        plan: PreprocessingPlan,
        progress: (Int, Int) -> Void
    ) async throws -> [PreprocessingReport.Failure] {
        guard !jobs.isEmpty else { return [] }
        let rate = try await openLatentEncoder()
        var failures: [PreprocessingReport.Failure] = []
        try await withThrowingTaskGroup(of: (PreprocessingJob, Result<AudioBuffer, any Error>).self) { group in
            func decode(_ job: PreprocessingJob) {
                group.addTask { (job, Result { try Self.sound(of: job, plan: plan, sampleRate: rate) }) }
            }
            var waiting = jobs[...]
            for _ in 0..<max(1, plan.decoders) { if let job = waiting.popFirst() { decode(job) } }
            var done = 0
            while let (job, result) = try await group.next() {
                try Task.checkCancellation()
                if let next = waiting.popFirst() { decode(next) }
                do {
                    try await encode(result.get(), job: job, seed: plan.posteriorSeed)
                } catch is CancellationError {
                    throw CancellationError()
                } catch let error as CheckpointError {
                    throw error  // the disk is full, or the like: the next song would fare no better
                } catch {
                    failures.append(.init(path: job.song.audioPath, reason: "\(error)"))
                }
                done += 1
                progress(done, jobs.count)
            }
        }
        return failures
    }

    private static func sound(
        of job: PreprocessingJob,
        plan: PreprocessingPlan,
        sampleRate: Int
    ) throws -> AudioBuffer {
        let limit = plan.maximumSeconds.map { Int($0 * Double(sampleRate)) } ?? AudioFile.defaultSampleLimit / 2
        let sound = try AudioFile.readStereo(job.song.audioPath, sampleRate: sampleRate, frameLimit: limit)
        return try plan.level.apply(to: sound, peak: plan.peak, loudness: plan.loudness)
    }

    private func openLatentEncoder() throws -> Int {
        let encoder = try latents ?? LatentEncoder(files: files, device: choose().device)
        latents = encoder
        return encoder.configuration.sampleRate
    }

    private func close() {
        latents = nil
        prompts = nil
    }

    /// Leaves a song's latents for the second pass.
    private func encode(_ sound: AudioBuffer, job: PreprocessingJob, seed: UInt64?) throws {
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
        let bytes = try latents.bytes()
        try SafetensorsWriter.write(
            to: job.intermediate,
            tensors: [TensorSpecification(name: "latents", dtype: .float32, shape: latents.shape)],
            metadata: [
                PreprocessingJob.fingerprintField: job.encodingFingerprint,
                PreprocessingJob.secondsField: "\(Int(sound.seconds))",
            ]
        ) { _ in bytes }
    }

    /// A number for a song's name: noise must not depend on which songs are done before it.
    private static func number(of name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// The second pass for one song: the conditions, and everything in its file.
    private func complete(_ job: PreprocessingJob, format: TrainingSample.Format) throws {
        let (device, dtype) = try choose()
        let encoder =
            try prompts
            ?? PromptEncoder(
                files: files,
                dtype: dtype,
                device: device,
                compatibility: configuration.compatibility
            )
        prompts = encoder
        let stored = try SafetensorsFile(path: job.intermediate)
        let latents = try unsafe stored.withBytes(of: "latents") { bytes in
            try unsafe Tensor(copying: bytes, shape: stored.description("latents").shape, dtype: .float32)
        }
        let seconds = stored.metadata[PreprocessingJob.secondsField].flatMap(Int.init) ?? 0
        let tokens = try encoder.tokens(of: Prompt(job.request(seconds: seconds)))
        let states = try encoder.conditions(of: tokens).select(0, 0)
        let frames = latents.dimension(0)
        func tensor(_ tensor: Tensor) throws -> TrainingSample.Tensor {
            let kept = try tensor.to(dtype).to(.cpu).contiguous()
            return .init(dtype: dtype == .bfloat16 ? .bfloat16 : .float32, shape: kept.shape, bytes: try kept.bytes())
        }
        let positions = states.dimension(0)
        let sample = try TrainingSample(
            tensors: [
                .targetLatents: tensor(latents),
                .attentionMask: tensor(Tensor.ones([frames])),
                .encoderHiddenStates: tensor(states),
                .encoderAttentionMask: .init(
                    dtype: .bool,
                    shape: [positions],
                    bytes: [UInt8](repeating: 1, count: positions)
                ),
                .contextLatents: tensor(encoder.context(frames: frames).select(0, 0)),
            ],
            metadata: SampleMetadata(
                job.song,
                duration: seconds,
                prompt: job.prompt.text,
                fingerprint: job.fingerprint
            ),
            path: job.result
        )
        try sample.write(to: job.result, format: format)
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
