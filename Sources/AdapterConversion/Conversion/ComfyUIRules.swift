// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
import Torch

/// What ComfyUI does with a file: its rules, as its public `weight_adapter` modules state them, applied to names alone.
///
/// Nothing here knows how the file was written, so that it can tell whether that was right.
struct ComfyUIRules {
    private let file: SafetensorsFile
    private let dtype: DType

    init(_ file: SafetensorsFile, dtype: DType) {
        self.file = file
        self.dtype = dtype
    }

    /// The names under which ComfyUI looks for a module of ACE-Step 1.5's decoder.
    static func prefixes(of path: String) -> [String] {
        let flattened = String(path.map { $0 == "." ? "_" : $0 })
        return [
            "diffusion_model.decoder." + path, "lora_unet_decoder_" + flattened, "base_model.model." + path,
            "lycoris_" + flattened,
        ]
    }

    /// `W′ − W` of a module, by its dotted path, at strength 1; zeros where ComfyUI finds nothing.
    func difference(at path: String, weight: Tensor) throws -> Tensor {
        var result = try weight.clone()
        for prefix in Self.prefixes(of: path) {
            result = try patched(result, prefix)
            if let difference = try tensor(prefix + ".diff") { result = try result + difference.reshape(weight.shape) }
        }
        return try result - weight
    }

    /// What ComfyUI adds to a module's bias; nil for nothing.
    func biasDifference(at path: String) throws -> Tensor? {
        for prefix in Self.prefixes(of: path) {
            if let difference = try tensor(prefix + ".diff_b") { return difference }
        }
        return nil
    }

    private func patched(_ weight: Tensor, _ prefix: String) throws -> Tensor {
        guard let (product, rank) = try product(prefix) else { return weight }
        let alpha = try tensor(prefix + ".alpha").map { try $0.item() }
        let scale = alpha.flatMap { alpha in rank.map { alpha / Double($0) } } ?? 1
        let change = try product.reshape(weight.shape) * scale
        guard let magnitudes = try tensor(prefix + ".dora_scale") else { return try weight + change }
        return try decomposed(weight, change, magnitudes)
    }

    /// The unscaled product of a module's factors, and the rank that divides alpha.
    private func product(_ prefix: String) throws -> (product: Tensor, rank: Int?)? {
        for (up, down) in [("lora_up.weight", "lora_down.weight"), ("lora_B.weight", "lora_A.weight")] {
            guard let up = try tensor(prefix + "." + up), let down = try tensor(prefix + "." + down) else { continue }
            return (try up.flatten(from: 1).matmul(down.flatten(from: 1)), down.dimension(0))
        }
        if let a1 = try tensor(prefix + ".hada_w1_a"), let b1 = try tensor(prefix + ".hada_w1_b"),
            let a2 = try tensor(prefix + ".hada_w2_a"), let b2 = try tensor(prefix + ".hada_w2_b"),
            try tensor(prefix + ".hada_t1") == nil
        {
            return (try a1.matmul(b1) * a2.matmul(b2), b1.dimension(0))
        }
        return try kronecker(prefix)
    }

    private func kronecker(_ prefix: String) throws -> (product: Tensor, rank: Int?)? {
        var rank: Int?
        var factors: [Tensor] = []
        for name in ["lokr_w1", "lokr_w2"] {
            if let whole = try tensor(prefix + "." + name) {
                factors.append(whole)
            } else if let a = try tensor(prefix + ".\(name)_a"), let b = try tensor(prefix + ".\(name)_b") {
                rank = b.dimension(0)
                factors.append(try a.matmul(b))
            }
        }
        guard factors.count == 2 else { return nil }
        // A three-dimensional factor is multiplied as it is, which pairs the wrong dimensions.
        return (try factors[0].kron(factors[1]), rank)
    }

    /// Magnitudes of output rows are divided by ‖W‖, those of input columns by ‖W + ΔW‖.
    private func decomposed(_ weight: Tensor, _ change: Tensor, _ magnitudes: Tensor) throws -> Tensor {
        let changed = try weight + change
        let axis = magnitudes.dimension(0) == weight.dimension(0) ? 0 : 1
        let others = (0..<weight.rank).filter { $0 != axis }
        let norm = try (axis == 0 ? weight : changed).norm(dimensions: others, keepDimension: true)
        return try changed * (magnitudes / (norm + 1.1920928955078125e-7))
    }

    private func tensor(_ name: String) throws -> Tensor? {
        guard let tensor = file.tensors[name], let stored = DType(tensor.dtype) else { return nil }
        return try unsafe file.withBytes(of: name) { bytes in
            try unsafe Tensor(copying: bytes, shape: tensor.shape, dtype: stored).to(dtype)
        }
    }
}
