// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// ComfyUI's formulas, written out a second time from what its public `weight_adapter` modules do.
struct PlainComfyUI {
    let file: SafetensorsFile

    /// float32's machine epsilon, which ComfyUI adds to norms.
    private static let epsilon = 1.1920928955078125e-7

    /// W′ of a module at strength 1, by its path below `diffusion_model.decoder.`, from W, `[out, in·kernel]`.
    func weight(at path: String, _ weight: PlainMatrix) -> PlainMatrix {
        let module = "diffusion_model.decoder." + path
        let alpha = PlainMatrix(module + ".alpha", in: file)?.values[0]
        func tensor(_ name: String) -> PlainMatrix? { PlainMatrix(module + "." + name, in: file) }
        var result = weight
        if let up = tensor("lora_up.weight"), let down = tensor("lora_down.weight") {
            result = decomposed(weight, up * down * (alpha.map { $0 / Double(down.rows) } ?? 1), tensor("dora_scale"))
        } else if let a1 = tensor("hada_w1_a"), let b1 = tensor("hada_w1_b"), let a2 = tensor("hada_w2_a"),
            let b2 = tensor("hada_w2_b")
        {
            let scale = alpha.map { $0 / Double(b1.rows) } ?? 1
            result = decomposed(weight, (a1 * b1).elementwise(a2 * b2) * scale, tensor("dora_scale"))
        } else if let first = tensor("lokr_w1") ?? product("lokr_w1", tensor),
            let second = tensor("lokr_w2") ?? product("lokr_w2", tensor)
        {
            // The rank that divides alpha is that of the factor which was multiplied out; without one alpha is ignored.
            let rank = tensor("lokr_w2_b")?.rows ?? tensor("lokr_w1_b")?.rows
            let scale = alpha.flatMap { alpha in rank.map { alpha / Double($0) } } ?? 1
            result = decomposed(weight, first.kronecker(second) * scale, tensor("dora_scale"))
        }
        if let difference = tensor("diff") { result = result + difference }
        return result
    }

    private func product(_ name: String, _ tensor: (String) -> PlainMatrix?) -> PlainMatrix? {
        guard let a = tensor(name + "_a"), let b = tensor(name + "_b") else { return nil }
        return a * b
    }

    private func decomposed(_ weight: PlainMatrix, _ change: PlainMatrix, _ scale: PlainMatrix?) -> PlainMatrix {
        let changed = weight + change
        guard let scale else { return changed }
        if scale.rows == weight.rows {
            let factors = zip(scale.values, weight.rowNorms).map { $0 / ($1 + Self.epsilon) }
            return changed.scalingRows(factors)
        }
        let width = weight.columns / scale.values.count
        let factors = zip(scale.values, changed.channelNorms(width: width)).map { $0 / ($1 + Self.epsilon) }
        return changed.scalingChannels(factors, width: width)
    }
}
