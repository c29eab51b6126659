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
    }

    struct Timings: Encodable {
        let load_s: Double
        let adapters_s: Double
        let encode_s: Double
        let denoise_s: Double
        let decode_s: Double
    }

    let files: [String]
    let seeds: [UInt64]
    let duration: Double
    let sample_rate: Int
    let model: String
    let dtype: String
    let device: String
    let num_inference_steps: Int
    let guidance_scale: Double
    let shift: Double
    let adapters: [Adapter]
    let timings: Timings
    let warnings: [String]

    init(result: EngineResult, files: [String]) {
        self.files = files
        seeds = result.pieces.map(\.seed)
        duration = result.pieces.first?.audio.seconds ?? 0
        sample_rate = result.pieces.first?.audio.sampleRate ?? 0
        model = result.base.name
        dtype = result.base.dtype
        device = result.base.device
        num_inference_steps = result.parameters.steps
        guidance_scale = result.parameters.guidance
        shift = result.parameters.shift
        adapters = result.adapters.map { Adapter(ref: $0.reference, name: $0.name, weight: $0.weight) }
        timings = Timings(
            load_s: result.base.loadSeconds,
            adapters_s: result.adapterSeconds,
            encode_s: result.timings.encoding,
            denoise_s: result.timings.planning + result.timings.denoising,
            decode_s: result.timings.decoding
        )
        warnings = result.warnings
    }

    func print(asJSON: Bool) throws {
        if asJSON { return try JSONOutput.print(self) }
        let steps = "\(num_inference_steps) steps of \(model) (\(dtype), \(device))"
        let seconds = timings.encode_s + timings.denoise_s + timings.decode_s
        for (file, seed) in zip(files, seeds) {
            Swift.print("\(file): \(Figures.seconds(duration)) of music, seed \(seed)")
        }
        for adapter in adapters { Swift.print("  adapter \(adapter.name) at \(Figures.plain(adapter.weight))") }
        Swift.print(
            "  \(steps) in \(Figures.seconds(seconds)): encode \(Figures.seconds(timings.encode_s)), "
                + "denoise \(Figures.seconds(timings.denoise_s)), decode \(Figures.seconds(timings.decode_s)); "
                + "load \(Figures.seconds(timings.load_s))"
        )
    }
}

/// Prints a value as JSON on standard output, keys in a fixed order.
enum JSONOutput {
    static func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
