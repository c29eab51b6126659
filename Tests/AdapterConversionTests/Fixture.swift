// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import AdapterFormats
import Checkpoints
import TestSupport
import Torch

/// A made-up decoder of two layers, and adapters of every kind for it.
struct Fixture {
    let directory: TemporaryDirectory
    private var generator: SeededGenerator

    /// Modules with the shapes of their weights.
    static let modules: [(path: String, shape: [Int])] = [
        ("condition_embedder", [16, 12]), ("proj_in.1", [16, 12, 2]), ("time_embed.linear_1", [16, 8]),
        ("layers.0.self_attn.q_proj", [16, 16]), ("layers.0.cross_attn.v_proj", [8, 16]),
        ("layers.1.self_attn.q_proj", [16, 16]), ("layers.1.mlp.down_proj", [16, 24]),
    ]
    static let linear = modules.filter { $0.shape.count == 2 }
    static let attention = modules.filter { $0.path.contains("attn") }

    init(seed: UInt64 = 7) throws {
        directory = try TemporaryDirectory()
        generator = SeededGenerator(seed: seed)
    }

    mutating func numbers(_ count: Int, scale: Double = 0.3) -> [Double] {
        (0..<count).map { _ in Double(Float(Double.random(in: -scale...scale, using: &generator))) }
    }

    typealias Content = [String: (shape: [Int], values: [Double])]

    static func write(
        _ content: Content,
        to path: String,
        dtype: StoredDType = .float32,
        metadata: [String: String] = [:]
    ) throws {
        try SafetensorsWriter.write(
            to: path,
            tensors: content.map { TensorSpecification(name: $0, dtype: dtype, shape: $1.shape) },
            metadata: metadata
        ) { name in
            (content[name]?.values ?? []).flatMap { value -> [UInt8] in
                let bits = Float(value).bitPattern
                let all = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
                return dtype == .bfloat16 ? Array(all[2...]) : all
            }
        }
    }

    /// The base, as one file or spread over two.
    mutating func base(
        _ layout: BaseWeights.Layout = .original,
        in name: String = "base",
        dtype: StoredDType = .float32
    ) throws -> BaseWeights {
        var content: Content = [:]
        for (path, shape) in Self.modules {
            let spelled =
                layout == .original ? "decoder." + path : ModulePath(spelled: path).diffusersSpelling
            content[spelled + ".weight"] = (shape, numbers(shape.reduce(1, *)))
            if !path.contains("layers") { content[spelled + ".bias"] = ([shape[0]], numbers(shape[0])) }
        }
        content[layout == .original ? "decoder.norm_out.weight" : "norm_out.weight"] = ([16], numbers(16))
        if layout == .original { content["encoder.other.weight"] = ([4, 4], numbers(16)) }
        let folder = try makeDirectory(name)
        let file = layout == .original ? "model.safetensors" : "diffusion_pytorch_model.safetensors"
        try Self.write(content, to: folder + "/" + file, dtype: dtype)
        return try BaseWeights(directory: folder, layout: layout)
    }

    func makeDirectory(_ name: String) throws -> String {
        try directory.makeDirectory(name)
    }

    /// A PEFT directory.
    mutating func peft(
        _ name: String,
        _ modules: [(path: String, shape: [Int])] = attention,
        rank: Int = 4,
        configuration: String = #"{"peft_type": "LORA", "r": 4, "lora_alpha": 12}"#,
        hasMagnitudes: Bool = false
    ) throws -> AdapterDescription {
        var content: Content = [:]
        for (path, shape) in modules {
            let prefix = "base_model.model.\(path)."
            content[prefix + "lora_A.weight"] = ([rank, shape[1]], numbers(rank * shape[1]))
            content[prefix + "lora_B.weight"] = ([shape[0], rank], numbers(shape[0] * rank))
            if hasMagnitudes {
                content[prefix + "lora_magnitude_vector"] = ([shape[0]], numbers(shape[0]).map { 1 + $0 })
            }
        }
        return try peft(name, content, configuration: configuration)
    }

    /// A PEFT directory of given tensors.
    func peft(_ name: String, _ content: Content, configuration: String) throws -> AdapterDescription {
        let folder = try makeDirectory(name)
        try Self.write(content, to: folder + "/adapter_model.safetensors")
        try directory.write(configuration, to: name + "/adapter_config.json")
        return try AdapterDescription(contentsOf: folder)
    }

    /// OFT in blocks of 4.
    mutating func oft(_ name: String, settings: String, scale: Double = 0.3) throws -> AdapterDescription {
        var content: Content = [:]
        for (path, shape) in Self.attention {
            let blocks = shape[1] / 4
            content["base_model.model.\(path).oft_R.weight"] = ([blocks, 6], numbers(blocks * 6, scale: scale))
        }
        return try peft(name, content, configuration: #"{"peft_type": "OFT", "oft_block_size": 4, \#(settings)}"#)
    }

    /// One LyCORIS file.
    func lycoris(_ name: String, _ content: Content, algorithm: String) throws -> AdapterDescription {
        let path = directory.path(of: name + ".safetensors")
        try Self.write(content, to: path, metadata: ["format": "lycoris", "algo": algorithm])
        return try AdapterDescription(contentsOf: path)
    }

    /// How LoKr stores its factors.
    enum KroneckerForm: CaseIterable {
        case full, secondLow, bothLow
    }

    /// LoKr on every module, the convolution included.
    mutating func lokr(
        _ name: String,
        _ form: KroneckerForm,
        magnitudes: String? = nil
    ) throws -> AdapterDescription {
        var content: Content = [:]
        for (path, shape) in Self.modules {
            let prefix = "lycoris_\(path.replacing(".", with: "_"))."
            let kernel = shape.count > 2 ? shape[2] : 1
            let (out, ins) = (shape[0] / 4, shape[1] / 4)
            if form == .bothLow {
                content[prefix + "lokr_w1_a"] = ([4, 3], numbers(12))
                content[prefix + "lokr_w1_b"] = ([3, 4], numbers(12))
            } else {
                content[prefix + "lokr_w1"] = ([4, 4], numbers(16))
            }
            if form == .full {
                let whole = shape.count > 2 ? [out, ins, kernel] : [out, ins]
                content[prefix + "lokr_w2"] = (whole, numbers(out * ins * kernel))
            } else {
                content[prefix + "lokr_w2_a"] = ([out, 3], numbers(out * 3))
                content[prefix + "lokr_w2_b"] = ([3, ins * kernel], numbers(3 * ins * kernel))
            }
            content[prefix + "alpha"] = ([], [6])
            if let magnitudes {
                var scale = [Int](repeating: 1, count: shape.count)
                let axis = magnitudes == "output" ? 0 : 1
                scale[axis] = shape[axis]
                content[prefix + "dora_scale"] = (scale, numbers(shape[axis]).map { 1 + $0 })
            }
        }
        return try lycoris(name, content, algorithm: "lokr")
    }

    /// LoHa on every module.
    mutating func loha(_ name: String) throws -> AdapterDescription {
        var content: Content = [:]
        for (path, shape) in Self.modules {
            let prefix = "lycoris_\(path.replacing(".", with: "_"))."
            let columns = shape.dropFirst().reduce(1, *)
            for factor in ["1", "2"] {
                content[prefix + "hada_w\(factor)_a"] = ([shape[0], 3], numbers(shape[0] * 3))
                content[prefix + "hada_w\(factor)_b"] = ([3, columns], numbers(3 * columns))
            }
            content[prefix + "alpha"] = ([], [6])
        }
        return try lycoris(name, content, algorithm: "loha")
    }
}

extension TemporaryDirectory {
    /// Makes a directory in the directory and returns its path.
    func makeDirectory(_ name: String) throws -> String {
        let path = path(of: name)
        try FileManagement.createDirectory(path)
        return path
    }
}

extension PlainMatrix {
    /// A tensor's elements, all dimensions but the first folded into one.
    init(_ tensor: Tensor) throws {
        let rows = tensor.dimension(0)
        self.init(rows, tensor.count / rows, try tensor.doubles())
    }
}

extension BaseWeights {
    /// W of a module.
    func plain(_ path: String) throws -> PlainMatrix { try PlainMatrix(weight(path)) }
}
