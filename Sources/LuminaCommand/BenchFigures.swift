// SPDX-License-Identifier: Apache-2.0

import Engine

/// The figures of a bench run, under names that other tools' scripts use as well.
struct BenchFigures: Encodable, Sendable {
    var loadSeconds: Double?
    var readySeconds: Double?
    var stepSeconds: Double?
    /// For each second of audio.
    var decodingSeconds: Double?
    var adapterLoadSeconds: Double?
    var adaptedStepSeconds: Double?
    var adapterSwitchSeconds: Double?
    /// With branches, as the planner expects it and as it is.
    var predictedFactorsSeconds: Double?
    var factorsSeconds: Double?
    /// With what can be merged merged.
    var predictedMergedSeconds: Double?
    var mergedSeconds: Double?
    var predictedMergingSeconds: Double?
    var mergingSeconds: Double?
    var generationSeconds: Double?
    var audioSeconds: Double?
    var peakGigabytes: Double?
    var model: String?
    var dtype: String?
    var device: String?
    var products: [ProductRate]?

    private enum CodingKeys: String, CodingKey {
        case loadSeconds = "load_s"
        case readySeconds = "ready_s"
        case stepSeconds = "dit_step_s"
        case decodingSeconds = "vae_s_per_audio_s"
        case adapterLoadSeconds = "adapter_load_s"
        case adaptedStepSeconds = "dit_step_with_adapter_s"
        case adapterSwitchSeconds = "adapter_switch_s"
        case predictedFactorsSeconds = "factors_step_predicted_s"
        case factorsSeconds = "factors_step_s"
        case predictedMergedSeconds = "merged_step_predicted_s"
        case mergedSeconds = "merged_step_s"
        case predictedMergingSeconds = "merge_predicted_s"
        case mergingSeconds = "merge_s"
        case generationSeconds = "generate_s"
        case audioSeconds = "audio_s"
        case peakGigabytes = "peak_rss_gb"
        case model, dtype, device, products
    }

    /// Switching is so quick that the median needs many.
    private static let switches = 101

    static func measure(
        _ engine: MusicEngine,
        subject: Bench.Subject,
        references: [AdapterReference],
        duration: Double,
        steps: Int?,
        repeats: Int,
        mode: AdapterMode?
    ) async throws -> BenchFigures {
        var figures = BenchFigures()
        let measurement = Measurement(engine)
        let base = try await engine.base
        (figures.model, figures.dtype, figures.device) = (base.name, base.dtype, base.device)
        figures.loadSeconds = base.loadSeconds
        let step = try await measurement.step(duration: duration, repeats: repeats, untilFirst: ProcessFigures.age)
        figures.readySeconds = step.ready
        figures.stepSeconds = step.median
        if subject == .generate {
            figures.decodingSeconds = try await measurement.decoding(repeats: repeats)
            figures.products = try await measurement.products(duration: duration, repeats: repeats)
        }
        if !references.isEmpty {
            try await figures.measureAdapters(
                references,
                on: engine,
                with: measurement,
                duration: duration,
                repeats: repeats,
                mode: mode
            )
        }
        if subject == .generate {
            figures.audioSeconds = duration
            figures.generationSeconds = try await measurement.generation(
                duration: duration,
                steps: steps,
                adapters: [],
                repeats: min(repeats, 3)
            )
        }
        figures.peakGigabytes = ProcessFigures.peakResidentBytes / 1e9
        return figures
    }

    private mutating func measureAdapters(
        _ references: [AdapterReference],
        on engine: MusicEngine,
        with measurement: Measurement,
        duration: Double,
        repeats: Int,
        mode: AdapterMode?
    ) async throws {
        var blends: [[(name: String, weight: Double)]] = []
        var seconds: [Double] = []
        for reference in references {
            let summary = try await engine.loadAdapter(reference.reference)
            seconds.append(summary.loadSeconds)
            blends.append([(summary.name, reference.weight)])
        }
        adapterLoadSeconds = seconds.median
        let first = [(name: blends[0][0].name, reference: references[0])]
        let ways = try await measurement.ways(of: first, duration: duration, repeats: repeats)
        (factorsSeconds, mergedSeconds, mergingSeconds) = (ways.factorsStep, ways.mergedStep, ways.merging)
        predictedFactorsSeconds = stepSeconds.map { $0 + ways.predictedBranches }
        (predictedMergedSeconds, predictedMergingSeconds) = (stepSeconds, ways.predictedMerging)
        adaptedStepSeconds = mode == .merged ? mergedSeconds : factorsSeconds
        adapterSwitchSeconds = try await measurement.switching(
            between: blends.count == 1 ? blends + [[]] : blends,
            repeats: Self.switches
        )
        try await engine.select([])
    }

    func printTable() {
        let rows: [(String, Double?)] = [
            ("load", loadSeconds), ("process start to ready", readySeconds), ("denoising step", stepSeconds),
            ("  with the first adapter", adaptedStepSeconds), ("  as factors, predicted", predictedFactorsSeconds),
            ("  as factors, measured", factorsSeconds), ("  merged, predicted", predictedMergedSeconds),
            ("  merged, measured", mergedSeconds), ("  merging, predicted", predictedMergingSeconds),
            ("  merging, measured", mergingSeconds), ("adapter from disk", adapterLoadSeconds),
            ("switch of resident adapters", adapterSwitchSeconds), ("decoding a second of audio", decodingSeconds),
            ("whole request", generationSeconds),
        ]
        for case (let name, let seconds?) in rows {
            print(name.padded(to: 30) + Figures.seconds(seconds))
        }
        for product in products ?? [] {
            print(
                "product \(product.rows)×\(product.inputs)×\(product.outputs)".padded(to: 30)
                    + product.dtype.padded(to: 14) + "\(Figures.rounded(product.gigaflops, places: 0)) GFLOP/s, "
                    + "\(Figures.rounded(product.ratio, places: 2)) × bfloat16"
            )
        }
        if let peakGigabytes { print("peak memory".padded(to: 30) + "\(Figures.rounded(peakGigabytes, places: 2)) GB") }
    }
}
