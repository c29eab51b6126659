// SPDX-License-Identifier: Apache-2.0

import AdapterFormats

/// The modules of ACE-Step 1.5's decoder that adapters change, for when no checkpoint is at hand to say.
///
/// Source: the checkpoint's tensors; LyCORIS wraps every one of these, PEFT those of the layers.
enum KnownPaths {
    private static let attention = ["q_proj", "k_proj", "v_proj", "o_proj"]
    private static let perceptron = ["gate_proj", "up_proj", "down_proj"]
    private static let outside =
        ["condition_embedder", "proj_in.1", "proj_out.1"]
        + ["time_embed", "time_embed_r"].flatMap { embedder in
            ["linear_1", "linear_2", "time_proj"].map { embedder + "." + $0 }
        }

    /// More layers than any variant has: a flattened name's number beyond it is not one of a layer.
    private static let maximumLayer = 1023

    /// What one layer holds.
    private static func paths(ofLayer layer: Int) -> [String] {
        let attentions = ["self_attn", "cross_attn"].flatMap { block in attention.map { block + "." + $0 } }
        return (attentions + perceptron.map { "mlp." + $0 }).map { "layers.\(layer)." + $0 }
    }

    /// The dotted path that a module's name stands for.
    ///
    /// - Throws: ``ConversionError/needsModel(module:reason:)`` for a flattened name that is none of the known.
    static func dotted(_ path: ModulePath) throws -> String {
        guard path.isFlattened else { return path.text }
        var candidates = outside
        if let layer = path.layer, (0...maximumLayer).contains(layer) { candidates += paths(ofLayer: layer) }
        guard let match = candidates.first(where: { ModulePath(spelled: $0).flattened == path.text }) else {
            throw ConversionError.needsModel(
                module: path.text,
                reason: "its name has lost its dots, and is not a usual one"
            )
        }
        return match
    }

    /// Whether a module's weight has a kernel.
    static func isConvolution(_ path: String) -> Bool { path == "proj_in.1" || path == "proj_out.1" }

    /// Whether a module has a bias of its own.
    static func hasBias(_ path: String) -> Bool { outside.contains(path) }
}
