// SPDX-License-Identifier: Apache-2.0

import Engine

/// The figures of a bench run, under names that other tools' scripts use as well.
struct BenchFigures: Encodable, Sendable {
    var load_s: Double?
    var ready_s: Double?
    var dit_step_s: Double?
    var vae_s_per_audio_s: Double?
    var adapter_load_s: Double?
    var dit_step_with_adapter_s: Double?
    var adapter_switch_s: Double?
    var generate_s: Double?
    var audio_s: Double?
    var peak_rss_gb: Double?
    var model: String?
    var dtype: String?
    var device: String?
    var products: [ProductRate]?

    /// Switching is so quick that the median needs many.
    private static let switches = 101

    static func measure(
        _ engine: MusicEngine,
        subject: Bench.Subject,
        references: [AdapterReference],
        duration: Double,
        steps: Int?,
        repeats: Int
    ) async throws -> BenchFigures {
        var figures = BenchFigures()
        let measurement = Measurement(engine)
        let base = try await engine.base
        (figures.model, figures.dtype, figures.device) = (base.name, base.dtype, base.device)
        figures.load_s = base.loadSeconds
        let step = try await measurement.step(duration: duration, repeats: repeats, untilFirst: ProcessFigures.age)
        figures.ready_s = step.ready
        figures.dit_step_s = step.median
        figures.products = try await measurement.products(duration: duration, repeats: repeats)
        if subject == .generate { figures.vae_s_per_audio_s = try await measurement.decoding(repeats: repeats) }
        if !references.isEmpty {
            try await figures.measureAdapters(
                references,
                on: engine,
                with: measurement,
                duration: duration,
                repeats: repeats
            )
        }
        if subject == .generate {
            figures.audio_s = duration
            figures.generate_s = try await measurement.generation(
                duration: duration,
                steps: steps,
                adapters: [],
                repeats: min(repeats, 3)
            )
        }
        figures.peak_rss_gb = ProcessFigures.peakResidentBytes / 1e9
        return figures
    }

    private mutating func measureAdapters(
        _ references: [AdapterReference],
        on engine: MusicEngine,
        with measurement: Measurement,
        duration: Double,
        repeats: Int
    ) async throws {
        var blends: [[(name: String, weight: Double)]] = []
        var seconds: [Double] = []
        for reference in references {
            let summary = try await engine.loadAdapter(reference.reference)
            seconds.append(summary.loadSeconds)
            blends.append([(summary.name, reference.weight)])
        }
        adapter_load_s = seconds.sorted()[seconds.count / 2]
        try await engine.select(blends[0])
        dit_step_with_adapter_s = try await measurement.step(duration: duration, repeats: repeats) { 0 }.median
        adapter_switch_s = try await measurement.switching(
            between: blends.count == 1 ? blends + [[]] : blends,
            repeats: Self.switches
        )
        try await engine.select([])
    }

    func printTable() {
        let rows: [(String, Double?)] = [
            ("load", load_s), ("process start to ready", ready_s), ("denoising step", dit_step_s),
            ("  with the first adapter", dit_step_with_adapter_s), ("adapter from disk", adapter_load_s),
            ("switch of resident adapters", adapter_switch_s), ("decoding a second of audio", vae_s_per_audio_s),
            ("whole request", generate_s),
        ]
        for case (let name, let seconds?) in rows {
            print(name.padded(to: 30) + Figures.seconds(seconds))
        }
        for product in products ?? [] {
            let rates = [
                "bfloat16 " + Figures.rounded(product.bfloat16, places: 0),
                product.int8.map { "int8 " + Figures.rounded($0, places: 0) },
            ]
            print(
                "product \(product.rows)×\(product.inputs)×\(product.outputs)".padded(to: 30)
                    + rates.compactMap(\.self).joined(separator: ", ") + " GFLOP/s"
            )
        }
        if let peak_rss_gb { print("peak memory".padded(to: 30) + "\(Figures.rounded(peak_rss_gb, places: 2)) GB") }
    }
}
