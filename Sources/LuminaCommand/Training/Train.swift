// SPDX-License-Identifier: Apache-2.0

import ACEStep
import ArgumentParser
import Engine
import Training
import TrainingRuns

/// `lumina train`: from tensors to an adapter.
struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train an adapter on preprocessed songs.",
        discussion: """
            Leaves final/, checkpoints/epoch_N/, best/ and TensorBoard's runs/ in --output-dir. SIGINT and SIGTERM save first; \
            --resume-from goes on from any checkpoint. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 diverged, 4 nothing \
            trained, 128 and the signal's number if stopped by one.
            """
    )

    @OptionGroup var options: TrainOptions

    @Flag(help: "Check everything, print the settings as JSON, and train nothing.")
    var dryRun = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Flag(help: "Show no progress.")
    var quiet = false

    func run() async throws {
        var warnings: [String] = []
        var settings = try options.settings(library: PresetsCommand.library, warnings: &warnings)
        let checkpoint = try settings.model.checkpoint ?? EmbeddedModel.directory()
        settings.model.checkpoint = checkpoint
        var check = SettingsCheck(settings)
        check.add(PlaceCheck.check(settings))
        for warning in warnings + check.warnings { Console.warning(warning) }
        try check.validate()
        // Of several models the one that is taken is written down, with the shift and steps that are its own.
        settings.model.variant = try ModelFiles(path: checkpoint, variant: settings.model.variant).name
        if dryRun { return print(String(decoding: settings.argumentsFile, as: UTF8.self), terminator: "") }
        let display = TrainingDisplay(isQuiet: quiet)
        let outcome = try await TrainingThread().run { [settings] in
            try TrainingRun(settings: settings, observer: { display.show($0) }).run()
        }
        let layout = RunLayout(root: settings.output.directory ?? ".")
        TrainingReport(outcome: outcome, figures: display.figures, layout: layout).print(asJSON: json)
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }
}
