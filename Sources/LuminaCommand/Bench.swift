// SPDX-License-Identifier: Apache-2.0

import ACEStep
import ArgumentParser
import Engine

/// `lumina bench`: how long the parts take, as one JSON object to hold beside other tools' figures.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure loading, switching and generating.",
        discussion: "Prints medians in seconds. Times on a machine that does other work as well do not repeat."
    )

    /// What to measure.
    enum Subject: String, ExpressibleByArgument, CaseIterable {
        case load, swap, generate, quality
    }

    @Argument(
        help: ArgumentHelp(
            "load, swap or generate, each of which measures what the one before it does, too; or quality.",
            discussion: "quality says how far bfloat16 and int8 are from float32 on the same request."
        )
    )
    var subject: Subject

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Adapters") var adapterOptions: AdapterOptions

    @Option(help: "Seconds of music.")
    var duration = 30.0

    @Option(help: "Denoising steps; the model's default if absent.")
    var steps: Int?

    @Option(name: .customLong("repeat"), help: "How often each part is measured; medians are reported.")
    var repeats = 5

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func validate() throws {
        if repeats < 1 { throw ValidationError("--repeat is \(repeats); it must be at least 1") }
        if subject == .swap, adapterOptions.adapters.isEmpty {
            throw ValidationError("swap needs at least one --adapter; with one it switches between it and the base")
        }
    }

    func run() async throws {
        var configuration = model.engine
        configuration.adapterMode = adapterOptions.mode
        let references = try adapterOptions.references()
        if subject == .quality { return try await printQuality(configuration, references) }
        let (subject, duration, steps, repeats, mode) = (subject, duration, steps, repeats, adapterOptions.mode)
        let figures = try await Interruption.cancelling { [configuration] in
            let engine = try await MusicEngine.load(configuration)
            return try await BenchFigures.measure(
                engine,
                subject: subject,
                references: references,
                duration: duration,
                steps: steps,
                repeats: repeats,
                mode: mode
            )
        }
        if json { try JSONOutput.print(figures) } else { figures.printTable() }
    }

    /// Prints how far other types are from float32; with adapters, how far their effect is, too.
    private func printQuality(
        _ configuration: MusicEngine.Configuration,
        _ references: [AdapterReference]
    ) async throws {
        let request = MusicRequest(tags: "jazz, piano trio", duration: duration, steps: steps, guidance: 1, seed: 1)
        let figures = try await Interruption.cancelling {
            try await QualityFigures.measure(
                ["bfloat16", "int8"],
                of: configuration,
                request: request,
                adapters: references
            )
        }
        if json { return try JSONOutput.print(figures) }
        for figure in figures {
            let effect = figure.effectError.map { ", of the adapters' effect \(Self.percent($0))" } ?? ""
            print(
                figure.dtype.padded(to: 12) + "error of the latents \(Self.percent(figure.latentError))\(effect); "
                    + "spectra \(Figures.rounded(figure.logSpectralDistance, places: 2)) dB apart"
            )
        }
    }

    private static func percent(_ share: Double) -> String { Figures.rounded(100 * share, places: 2) + " %" }
}
