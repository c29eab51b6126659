// SPDX-License-Identifier: Apache-2.0

/// The sizes of a decoder that decide how large an adapter is and how much memory its training takes.
package struct DecoderShape: Sendable, Equatable {
    /// Layers.
    package var layers = 24
    /// Channels.
    package var hidden = 2048
    /// Channels inside the feed-forward parts.
    package var intermediate = 6144
    /// Query heads.
    package var heads = 16
    /// Key and value heads.
    package var keyValueHeads = 8
    /// Channels of a head.
    package var headDimension = 128
    /// Channels of the conditions.
    package var conditionWidth = 2048
    /// Channels into the patch convolution: context and latents.
    package var inputChannels = 192
    /// Latent frames of a token.
    package var patchSize = 2
    /// Channels of the sinusoids of a time.
    package var timeChannels = 256

    /// The released 2B models' sizes.
    package init() {}

    /// A weight that adapters are made for.
    package struct Module: Sendable, Equatable {
        /// Its path in the decoder.
        package var path: String
        /// Inputs.
        package var inputs: Int
        /// Outputs.
        package var outputs: Int
        /// Positions of a convolution's kernel.
        package var kernel = 1
    }

    /// The projections of the layers, in order.
    package var projections: [Module] {
        let (queries, keys) = (heads * headDimension, keyValueHeads * headDimension)
        return (0..<layers).flatMap { layer in
            ["self_attn", "cross_attn"].flatMap { attention in
                [
                    ("q_proj", hidden, queries), ("k_proj", hidden, keys), ("v_proj", hidden, keys),
                    ("o_proj", queries, hidden),
                ]
                .map { Module(path: "layers.\(layer).\(attention).\($0.0)", inputs: $0.1, outputs: $0.2) }
            }
                + [
                    ("gate_proj", hidden, intermediate), ("up_proj", hidden, intermediate),
                    ("down_proj", intermediate, hidden),
                ].map { Module(path: "layers.\(layer).mlp.\($0.0)", inputs: $0.1, outputs: $0.2) }
        }
    }

    /// What LyCORIS wraps beside the projections: every other `Linear` and `Conv1d`.
    package var otherModules: [Module] {
        let times = ["time_embed", "time_embed_r"].flatMap { name in
            [
                Module(path: "\(name).linear_1", inputs: timeChannels, outputs: hidden),
                Module(path: "\(name).linear_2", inputs: hidden, outputs: hidden),
                Module(path: "\(name).time_proj", inputs: hidden, outputs: 6 * hidden),
            ]
        }
        return [Module(path: "proj_in.1", inputs: inputChannels, outputs: hidden, kernel: patchSize)] + times
            + [Module(path: "condition_embedder", inputs: conditionWidth, outputs: hidden)]
    }

    /// The modules that an adapter changes.
    ///
    /// - Parameter adapter: the adapter's settings.
    /// - Returns: the modules, in order.
    package func modules(of adapter: AdapterSettings) -> [Module] {
        if adapter.family.isLyCORIS { return projections + otherModules }
        let targets = adapter.targetModules
        return projections.filter { module in
            targets.contains { module.path == $0 || module.path.hasSuffix("." + $0) }
        }
    }
}
