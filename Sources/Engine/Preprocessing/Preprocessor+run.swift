// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Checkpoints
import Datasets
import Foundation
import TrainingData

extension Preprocessor {
    /// Songs as they were found before anything was made.
    private struct Survey {
        var jobs: [PreprocessingJob] = []
        var failures: [PreprocessingReport.Failure] = []
        /// The MD5 of each result that is there and can stay.
        var checksums: [String: String] = [:]
    }

    /// Makes the tensors of every song that has none yet, or outdated or damaged ones.
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
            atPath: plan.workspace + "/latents",
            withIntermediateDirectories: true
        )
        let seconds = Self.secondsToTake(plan)
        var survey = try await survey(plan, maximumSeconds: seconds, progress: progress)
        let todo = survey.jobs.filter { survey.checksums[$0.resultName] == nil }
        try Self.forget(todo, in: plan.output)
        let broken = try await encode(
            try await withoutLatents(todo),
            plan: plan,
            maximumSeconds: seconds,
            progress: progress
        )
        await close()
        let excluded = Set(broken.map(\.path))
        let encoded = todo.filter { !excluded.contains($0.song.audioPath) }
        for (position, job) in encoded.enumerated() {
            try Task.checkCancellation()
            try await complete(job, plan: plan)
            survey.checksums[job.resultName] = try ContentDigest.md5(path: job.result)
            progress(.completed(position + 1, of: encoded.count))
        }
        await close()
        survey.jobs.removeAll { excluded.contains($0.song.audioPath) }
        survey.failures += broken
        let report = try report(plan, survey, processed: encoded.count)
        try put(record(plan, report, checksums: survey.checksums), plan)
        try FileManager.default.removeItem(atPath: plan.workspace)
        return report
    }

    /// Puts the record beside the tensors, by way of the workspace: what is left there by a killed program goes with it.
    private nonisolated func put(_ record: PreprocessingRecord, _ plan: PreprocessingPlan) throws {
        try record.write(to: plan.workspace)
        let (draft, path) = (
            plan.workspace + "/" + PreprocessingRecord.fileName, plan.output + "/" + PreprocessingRecord.fileName
        )
        guard unsafe rename(draft, path) == 0 else {
            throw CheckpointError(.unwritable, path: path, reason: unsafe String(cString: strerror(errno)))
        }
    }

    // MARK: What is there

    /// Looks at every song and its result, several at a time.
    private nonisolated func survey(
        _ plan: PreprocessingPlan,
        maximumSeconds: Double?,
        progress: (PreprocessingEvent) -> Void
    ) async throws -> Survey {
        let digest = try CheckpointDigest(
            autoencoder: files.autoencoder,
            conditions: Set([files.conditionEncoder, files.textEncoder]).sorted(),
            files: [files.tokenizer] + (files.silence.map { [$0] } ?? [])
        )
        let draft = PreprocessingDraft(
            plan,
            maximumSeconds: maximumSeconds,
            checkpoint: digest,
            conventions: try await conventions()
        )
        let recorded = PreprocessingRecord(directory: plan.output)?.checksums ?? [:]
        var found = [Result<(PreprocessingJob, String?), any Error>?](repeating: nil, count: draft.count)
        var done = 0
        try await Self.sideBySide(draft.count, limit: plan.decoders) { position in
            var job = try draft.job(position)
            let checksum = Self.checksum(ofResult: job, recorded: recorded[job.resultName])
            job.hasIntactResult = checksum != nil
            return (job, job.isDone ? checksum : nil)
        } each: { position, result in
            found[position] = result
            done += 1
            progress(.examined(done, of: draft.count))
        }
        var survey = Survey()
        for (song, result) in zip(plan.songs.songs, found) {
            switch result {
            case .success(let (job, checksum))?:
                survey.jobs.append(job)
                survey.checksums[job.resultName] = checksum
            case .failure(let error)?: survey.failures.append(.init(path: song.audioPath, reason: "\(error)"))
            case nil: throw CancellationError()
            }
        }
        return survey
    }

    /// The MD5 of a job's result; nil where there is none, or one that is not what was recorded.
    private static func checksum(ofResult job: PreprocessingJob, recorded: String?) -> String? {
        guard FileManager.default.fileExists(atPath: job.result),
            let checksum = try? ContentDigest.md5(path: job.result)  // what cannot be read is made again
        else { return nil }
        return recorded == nil || recorded == checksum ? checksum : nil
    }

    /// Takes from the record what will be made anew: a run that is killed then does not take its own results for damaged.
    private static func forget(_ jobs: [PreprocessingJob], in directory: String) throws {
        guard !jobs.isEmpty, var record = PreprocessingRecord(directory: directory), record.checksums != nil else {
            return
        }
        for job in jobs { record.checksums?[job.resultName] = nil }
        try record.write(to: directory)
    }

    // MARK: Encoding

    /// The first pass: files are decoded side by side, a few ahead of the one being encoded.
    private nonisolated func encode(
        _ jobs: [PreprocessingJob],
        plan: PreprocessingPlan,
        maximumSeconds: Double?,
        progress: (PreprocessingEvent) -> Void
    ) async throws -> [PreprocessingReport.Failure] {
        guard !jobs.isEmpty else { return [] }
        let rate = try await openLatentEncoder()
        var failures: [PreprocessingReport.Failure] = []
        var done = 0
        try await Self.sideBySide(jobs.count, limit: plan.decoders) { position in
            try Self.sound(of: jobs[position], plan: plan, sampleRate: rate, maximumSeconds: maximumSeconds)
        } each: { position, result in
            let job = jobs[position]
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
            progress(.encoded(done, of: jobs.count))
        }
        return failures
    }

    /// How much of each song is taken; Side-Step cuts all of them to the whole seconds of the longest.
    private static func secondsToTake(_ plan: PreprocessingPlan) -> Double? {
        guard plan.maximumSeconds == nil, plan.conditioning == .sideStep else { return plan.maximumSeconds }
        // Files that cannot be read are reported when they are decoded.
        let longest = plan.songs.songs.compactMap { try? AudioFile.information($0.audioPath).seconds }.max()
        return longest.map { $0.rounded(.down) }.flatMap { $0 >= 1 ? $0 : nil }
    }

    private static func sound(
        of job: PreprocessingJob,
        plan: PreprocessingPlan,
        sampleRate: Int,
        maximumSeconds: Double?
    ) throws -> AudioBuffer {
        let path = job.song.audioPath
        let (most, isCut) = (AudioFile.defaultSampleLimit / 2, maximumSeconds != nil)
        // One frame more than can be taken tells a song that is too long from one that just fits.
        let limit = maximumSeconds.map { Int(min(Double(most), $0 * Double(sampleRate))) } ?? most + 1
        let sound = try AudioFile.readStereo(path, sampleRate: sampleRate, frameLimit: limit)
        guard isCut || sound.frameCount <= most else {
            throw EngineError.unsupported(
                "it has more than \(most / sampleRate) s of sound; cut it, or set --max-duration"
            )
        }
        return try plan.level.apply(to: sound, peak: plan.peak, loudness: plan.loudness)
    }

    /// Does work that blocks on several threads, a few pieces ahead of what takes the results one at a time.
    ///
    /// - Parameters:
    ///   - count: how many pieces there are.
    ///   - limit: how many are worked on, or wait to be taken, at once.
    ///   - work: does a piece.
    ///   - each: takes a piece's result.
    /// - Throws: `CancellationError`, and what `each` throws.
    private static func sideBySide<Value: Sendable>(
        _ count: Int,
        limit: Int,
        work: @escaping @Sendable (Int) throws -> Value,
        each: (Int, Result<Value, any Error>) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
            var next = 0
            func start() {
                guard next < count else { return }
                let position = next
                next += 1
                group.addTask { (position, Result { try work(position) }) }
            }
            for _ in 0..<max(1, limit) { start() }
            while let (position, result) = try await group.next() {
                // What was given up half-way is no failure of the song.
                try Task.checkCancellation()
                start()
                try await each(position, result)
            }
        }
        try Task.checkCancellation()
    }

    // MARK: The end

    private nonisolated func report(
        _ plan: PreprocessingPlan,
        _ survey: Survey,
        processed: Int
    ) throws -> PreprocessingReport {
        let order = Dictionary(plan.songs.songs.enumerated().map { ($1.audioPath, $0) }) { first, _ in first }
        let frames = try survey.jobs.reduce(0) { $0 + (try SampleFile(path: $1.result).frames) }
        let own = Set(survey.jobs.map(\.resultName))
        let names = try FileManager.default.contentsOfDirectory(atPath: plan.output).sorted()
        return PreprocessingReport(
            total: plan.songs.songs.count,
            processed: processed,
            skipped: survey.jobs.count - processed,
            failures: survey.failures.sorted { order[$0.path] ?? 0 < order[$1.path] ?? 0 },
            strangers: names.filter {
                !$0.hasPrefix(".") && TrainingSample.Format(path: $0) != nil && !own.contains($0)
            },
            seconds: Double(frames) / Double(MusicRequest.framesPerSecond)
        )
    }

    private nonisolated func record(
        _ plan: PreprocessingPlan,
        _ report: PreprocessingReport,
        checksums: [String: String]
    ) -> PreprocessingRecord {
        var record = PreprocessingRecord()
        let prefix = "acestep-v15-"
        record.createdAt = Date().ISO8601Format()
        record.audioDir = plan.source ?? plan.folder
        record.sourceAudioDir = record.audioDir
        record.datasetJSON = plan.list
        record.modelVariant = files.name.hasPrefix(prefix) ? String(files.name.dropFirst(prefix.count)) : files.name
        record.conventions = plan.conditioning.rawValue
        (record.normalize, record.targetDb, record.targetLufs) = (plan.level.rawValue, plan.peak, plan.loudness)
        record.customTag = plan.songs.trigger
        record.tagPosition = plan.songs.triggerPosition.rawValue
        record.genreRatio = plan.songs.genrePercentage
        (record.total, record.processed, record.skipped) = (report.total, report.processed, report.skipped)
        record.failed = report.failures.count
        record.totalDuration = report.seconds
        record.checksums = checksums
        return record
    }
}
