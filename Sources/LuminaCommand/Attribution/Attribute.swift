// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import ArgumentParser
import Attribution
import Engine
import Foundation
import Registry
import TrainingRuns

/// `lumina attribute`: which part of the data taught an adapter what.
struct Attribute: AsyncParsableCommand {
    /// What the process ends with if the study is done and the adapter has failed.
    private static let failedVerdict: Int32 = 5

    static let configuration = CommandConfiguration(
        abstract: "Leave parts of a data set out in turn, and see whose prompts that moves.",
        discussion: """
            Trains on everything and without each part, generates the same prompts from the same seeds, and compares the latents \
            of every denoising step by Wasserstein distance. The adapter passes if each part moves its own prompts most. \
            A study that was stopped or killed goes on with the same command.

            Example: lumina attribute --init study.json --dataset-dir tensors --model checkpoints
                     lumina attribute --config study.json

            Leaves attribution.json, .md, .csv, .png and .svg in its folder. Exit codes: 0 passed, 1 failed, 2 wrong usage, \
            5 the study is done and the adapter does not pass, 130 interrupted.
            """
    )

    @Option(help: ArgumentHelp("The study, as JSON; --init writes one.", valueName: "file"))
    var config: String?

    @Option(
        name: .customLong("init"),
        help: ArgumentHelp("Write a configuration to begin with, every field with a comment.", valueName: "file")
    )
    var start: String?

    @Option(help: ArgumentHelp("With --init: the folder of tensors, whose genres become parts.", valueName: "dir"))
    var datasetDir: String?

    @Option(help: ArgumentHelp("With --init: the checkpoint.", valueName: "path"))
    var model: String?

    @Option(help: "Processes at once, in place of the configuration's.")
    var parallel: Int?

    @Option(help: ArgumentHelp("The name in the registry whose alias an adapter that passes gets.", valueName: "name"))
    var registry: String?

    @Option(help: ArgumentHelp("The alias.", valueName: "alias"))
    var alias: String?

    @OptionGroup(title: "Registry") var store: ReferenceOptions

    @Flag(help: "Make again what was made with other settings, songs or files.")
    var redo = false

    @Flag(help: "Check everything, say what is finished, and do nothing.")
    var dryRun = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Flag(help: "Show no progress.")
    var quiet = false

    @Flag(help: ArgumentHelp("One of several workers.", visibility: .private))
    var worker = false

    func validate() throws {
        guard (config == nil) != (start == nil) else { throw ValidationError("give --config FILE, or --init FILE") }
        if start == nil, datasetDir != nil || model != nil {
            throw ValidationError("--dataset-dir and --model are for --init; the configuration has its own")
        }
        if start != nil, datasetDir == nil {
            throw ValidationError("--init wants --dataset-dir, the folder of tensors")
        }
        guard (registry == nil) == (alias == nil) else { throw ValidationError("--registry and --alias go together") }
        if let parallel, !(1...64).contains(parallel) {
            throw ValidationError("--parallel is \(parallel); it must be 1 to 64")
        }
    }

    func run() async throws {
        guard let config else { return try writeStart() }
        let configuration = try StudyConfiguration(JSONFile.read(config), source: config)
        let promotion = try await promotion(configuration)
        let study = try await Study(configuration, lookup: store, isQuiet: quiet)
        if worker { StudyProcesses.endWithParent() }
        do {
            if !worker { try forgetStale(study) }
            if dryRun { return try printPlan(study) }
            try await work(study)
        } catch StudyWorker.Stop.interrupted {
            // Of several workers the process that began them says it, once.
            if !worker { Console.error("interrupted; the same command goes on where it was") }
            throw ExitCode(Termination.interrupted)
        } catch StudyWorker.Stop.training(let adapter, let outcome) {
            Console.error("the training '\(adapter.name)' failed: \(outcome)")
            throw ExitCode(Termination.failed)
        }
        if !worker { try await report(study, promotion) }
    }

    private func writeStart() throws {
        guard let start, let datasetDir else { return }
        try OutputFiles.requireWritable(start)
        guard !FileManager.default.fileExists(atPath: start) else {
            throw AttributionError.file(path: start, reason: "it is there already; name another file")
        }
        let songs = try Study.songs(datasetDir)
        let parts = try StudyPart.parts(of: songs.map { .init(file: $0.name, genre: $0.genre) }, by: .genre)
        let object = StudyConfiguration.start(
            parts: parts.map { ($0.name, songs[$0.songs[0]].caption) },
            dataset: datasetDir,
            model: model
        )
        try JSONFile.write(JSONText.pretty(.object(object)), to: start)
        print("\(start): \(parts.count) parts, \(songs.count) songs")
    }

    // MARK: Work

    private func work(_ study: Study) async throws {
        let count = worker ? 1 : parallel ?? study.configuration.parallel
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let threads = study.configuration.threads ?? (count > 1 ? max(1, cores / count) : nil)
        if count > 1 { return try await StudyProcesses.run(count, threads: threads ?? 1) }
        var worker = StudyWorker(
            study,
            progress: StudyProgress(isQuiet: quiet),
            // A worker is told by its environment.
            threads: self.worker ? study.configuration.threads : threads
        )
        try await worker.run()
    }

    /// Takes away what was made with other settings, if that is wanted; says so if it is not.
    private func forgetStale(_ study: Study) throws {
        for unit in study.plan.units {
            do {
                _ = try study.mark(of: unit)
                if case .training(let adapter) = unit, !dryRun {
                    try study.folder.begin(adapter, fingerprint: study.fingerprint(unit))
                }
            } catch AttributionError.stale where redo && !dryRun {
                try study.folder.forget(unit)
            }
        }
    }

    private func printPlan(_ study: Study) throws {
        for unit in study.plan.units {
            print("\(unit.name): \(try study.mark(of: unit) == nil ? "to do" : "finished")")
        }
    }

    // MARK: Results

    private func promotion(_ configuration: StudyConfiguration) async throws -> Promotion? {
        guard configuration.promotes else {
            if registry != nil, !worker {
                Console.warning("'promote' is false in the configuration: the alias stays where it is")
            }
            return nil
        }
        guard let registry, let alias else {
            throw ValidationError("'promote' is true: name what is promoted with --registry NAME --alias ALIAS")
        }
        let (name, selector) = try NamedReference.parse(registry)
        guard selector == .current else { throw ValidationError("--registry is a name without a version") }
        guard let opened = try await StoreAccess(url: store.store).registry() else {
            throw ValidationError(
                "name a store: --store s3://BUCKET[/PREFIX] or --store file:///DIR, or set LUMINA_STORE"
            )
        }
        // What cannot be published is said before hours of training, not after.
        if !worker, try await opened.history(of: name).sequence == 0 {
            try NameConvention.check(name, kind: .lora, isForced: false)
        }
        return Promotion(registry: opened, name: name, alias: try AliasName(alias))
    }

    private func report(_ study: Study, _ promotion: Promotion?) async throws {
        var report = try StudyReport(study)
        let verdict = report.result.verdict
        // Results stay, whatever the registry says.
        let files = try report.write()
        if let promotion {
            report.promotion =
                verdict.passes
                ? try await promotion.promote(study, verdict)
                : .init(name: promotion.name.text, alias: promotion.alias.text, version: nil, hasMoved: false)
            _ = try report.write()
        }
        for part in verdict.unjudged { Console.warning("nothing can be said of '\(part)': no prompt is of this part") }
        try report.print(files: files, asJSON: json)
        if !verdict.passes { throw ExitCode(Self.failedVerdict) }
    }
}
