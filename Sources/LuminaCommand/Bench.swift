// SPDX-License-Identifier: Apache-2.0

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
        case load, swap, generate
    }

    @Argument(help: "load, swap or generate; each measures what the one before it does, too.")
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
        let configuration = model.engine
        let references = try await adapterOptions.lookup.resolve(adapterOptions.references(), isQuiet: json)
        let (subject, duration, steps, repeats) = (subject, duration, steps, repeats)
        let figures = try await Interruption.cancelling {
            let engine = try await MusicEngine.load(configuration)
            return try await BenchFigures.measure(
                engine,
                subject: subject,
                references: references,
                duration: duration,
                steps: steps,
                repeats: repeats
            )
        }
        if json { try JSONOutput.print(figures) } else { figures.printTable() }
    }
}
