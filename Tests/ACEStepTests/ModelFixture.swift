// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import TestSupport
import Testing
import Torch

/// The models of the fixtures.
enum ModelFixture: String, CaseIterable, Sendable {
    case turbo
    case base
    case sft
    case xl = "xl-turbo"

    /// The directory and the variant to choose there.
    var location: (path: String, variant: String?) {
        self == .sft
            ? (TestProducts.modelFixture("diffusers"), nil) : (TestProducts.modelFixture("checkpoints"), rawValue)
    }

    /// Loads the model.
    func load(_ dtype: DType = .float32, compatibility: Compatibility = .standard) throws -> MusicModel {
        try Self.load(location.path, variant: location.variant, dtype, compatibility: compatibility)
    }

    /// Loads any checkpoint.
    static func load(
        _ path: String,
        variant: String?,
        _ dtype: DType = .float32,
        compatibility: Compatibility = .standard
    ) throws -> MusicModel {
        let files = try ModelFiles(path: path, variant: variant)
        return try MusicModel(
            files: files,
            tokenizer: MusicModel.tokenizer(of: files),
            dtype: dtype,
            compatibility: compatibility
        )
    }

    /// Golden values by the path of their file among the fixtures.
    static func golden(_ name: String) throws -> TensorFile {
        try TensorFile(path: TestProducts.modelFixture(name + ".safetensors"))
    }
}

/// A request of the fixtures.
struct RequestFixture: Decodable {
    let tags: String
    let lyrics: String
    let duration: Double
    let steps: Int
    let guidance: Double
    let shift: Double
    let seed: UInt64
    let vocalLanguage: String
    let bpm: Double?
    let keyscale: String?
    let timesignature: String?

    private enum CodingKeys: String, CodingKey {
        case tags, lyrics, duration, shift, seed, bpm, keyscale, timesignature
        case steps = "num_inference_steps"
        case guidance = "guidance_scale"
        case vocalLanguage = "vocal_language"
    }

    /// Reads a request by its name.
    static func read(_ name: String) throws -> MusicRequest {
        let path = TestProducts.modelFixture("requests/\(name).json")
        let fields = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        let bpm = fields.bpm.flatMap { $0 > 0 ? WrittenNumber($0 == $0.rounded() ? "\(Int($0))" : "\($0)") : nil }
        return MusicRequest(
            tags: fields.tags,
            lyrics: fields.lyrics,
            duration: fields.duration,
            steps: fields.steps,
            guidance: fields.guidance,
            shift: fields.shift,
            seed: fields.seed,
            bpm: bpm,
            keyScale: fields.keyscale,
            timeSignature: fields.timesignature,
            vocalLanguage: fields.vocalLanguage
        )
    }
}

extension MusicModel {
    /// Everything that a run shows on its way, by name.
    func recorded(_ request: MusicRequest) throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        let run = try GenerationRun(request, variant: configuration.variant)
        _ = try generate(run, observe: { tensors[$0] = $1 })
        return tensors
    }
}

extension TensorFile {
    /// A float32 tensor of the file.
    func tensor(_ name: String) throws -> Tensor {
        let entry = try entry(name)
        return try Tensor(entry.floats, shape: entry.shape)
    }
}

extension Agreement {
    /// Compares a tensor with one of a golden file.
    init(_ name: String, _ values: Tensor, with golden: TensorFile, named: String? = nil) throws {
        let entry = try golden.entry(named ?? name)
        self.init(name, try values.floats(), entry.floats, shape: entry.shape)
    }

    /// Compares two tensors.
    init(_ name: String, _ values: Tensor, with reference: Tensor) throws {
        self.init(name, try values.floats(), try reference.floats(), shape: reference.shape)
    }
}
