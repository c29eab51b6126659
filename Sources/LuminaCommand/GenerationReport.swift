// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Engine
import FoundationEssentials

/// What a run did, for people and for programs.
struct GenerationReport: Encodable {
    struct Adapter: Encodable {
        let ref: String
        let name: String
        let weight: Double
        /// Seconds of the song between which it acted; absent if everywhere, an end of null is the song's.
        let span: [Double?]?
    }

    /// Seconds spent in each part.
    struct Timings: Encodable {
        let loading: Double
        let adapters: Double
        let encoding: Double
        let denoising: Double
        let decoding: Double

        private enum CodingKeys: String, CodingKey {
            case loading = "load_s"
            case adapters = "adapters_s"
            case encoding = "encode_s"
            case denoising = "denoise_s"
            case decoding = "decode_s"
        }
    }

    let files: [String]
    let seeds: [UInt64]
    let duration: Double
    let sampleRate: Int
    let model: String
    let dtype: String
    let device: String
    let steps: Int
    let guidance: Double
    let shift: Double
    let adapters: [Adapter]
    /// `factors` or `merged`; absent without adapters.
    let adapterMode: AdapterMode?
    let timings: Timings
    let warnings: [String]

    private enum CodingKeys: String, CodingKey {
        case files, seeds, duration, model, dtype, device, shift, adapters, timings, warnings
        case sampleRate = "sample_rate"
        case steps = "num_inference_steps"
        case guidance = "guidance_scale"
        case adapterMode = "adapter_mode"
    }

    init(result: EngineResult, files: [String]) {
        self.files = files
        seeds = result.pieces.map(\.seed)
        duration = result.pieces.first?.audio.seconds ?? 0
        sampleRate = result.pieces.first?.audio.sampleRate ?? 0
        model = result.base.name
        dtype = result.base.dtype
        device = result.base.device
        steps = result.parameters.steps
        guidance = result.parameters.guidance
        shift = result.parameters.shift
        adapters = result.adapters.map {
            Adapter(
                ref: $0.reference,
                name: $0.name,
                weight: $0.weight,
                span: $0.span.map { [$0.start, $0.end.isFinite ? $0.end : nil] }
            )
        }
        adapterMode = result.adapterMode
        timings = Timings(
            loading: result.base.loadSeconds,
            adapters: result.adapterSeconds,
            encoding: result.timings.encoding,
            denoising: result.timings.planning + result.timings.denoising,
            decoding: result.timings.decoding
        )
        warnings = result.warnings
    }

    func print(asJSON: Bool) throws {
        if asJSON { return try JSONOutput.print(self) }
        let work = "\(steps) steps of \(model) (\(dtype), \(device))"
        let seconds = timings.encoding + timings.denoising + timings.decoding
        for (file, seed) in zip(files, seeds) {
            Swift.print("\(file): \(Figures.seconds(duration)) of music, seed \(seed)")
        }
        for adapter in adapters {
            let span = adapter.span.map { ends in
                let (start, end) = (ends[0].map { Figures.seconds($0) } ?? "", ends[1].map { Figures.seconds($0) })
                return " from \(start) to \(end ?? "the end")"
            }
            Swift.print("  adapter \(adapter.name) at \(Figures.plain(adapter.weight))\(span ?? "")")
        }
        Swift.print(
            "  \(work) in \(Figures.seconds(seconds)): encode \(Figures.seconds(timings.encoding)), "
                + "denoise \(Figures.seconds(timings.denoising)), decode \(Figures.seconds(timings.decoding)); "
                + "load \(Figures.seconds(timings.loading))"
        )
    }
}

/// Prints a value as JSON on standard output, keys in a fixed order.
enum JSONOutput {
    static func print(_ value: some Encodable) throws {
        Swift.print(String(decoding: try encoded(value), as: UTF8.self))
    }

    /// Writes a value as JSON into a file, whole or not at all.
    static func write(_ value: some Encodable, to path: String) throws {
        try OutputFiles.requireWritable(path)
        do {
            try (encoded(value) + Data("\n".utf8)).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw OutputError(path: path, reason: "\(error)")
        }
    }

    private static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }
}
