// SPDX-License-Identifier: Apache-2.0

extension RandomCheckpoint {
    /// The diffusion transformer.
    func transformerTensors(_ tensors: inout RandomTensors) throws {
        try tensors.weight("decoder.proj_in.1", [hidden, 3 * latentChannels, 2])
        try tensors.add("decoder.proj_in.1.bias", [hidden], scale: 0.05)
        for name in ["decoder.time_embed", "decoder.time_embed_r"] {
            try tensors.weightAndBias(name + ".linear_1", [hidden, 256])
            try tensors.weightAndBias(name + ".linear_2", [hidden, hidden])
            try tensors.weightAndBias(name + ".time_proj", [6 * hidden, hidden])
        }
        try tensors.weightAndBias("decoder.condition_embedder", [hidden, hidden])
        for layer in 0..<layers {
            let path = "decoder.layers.\(layer)"
            for norm in ["self_attn_norm", "cross_attn_norm", "mlp_norm"] {
                try tensors.norm("\(path).\(norm)", hidden)
            }
            try attention(path + ".self_attn", width: hidden, &tensors)
            try attention(path + ".cross_attn", width: hidden, &tensors)
            try feedForward(path + ".mlp", width: hidden, intermediate: intermediate, &tensors)
            try tensors.add(path + ".scale_shift_table", [1, 6, hidden], scale: 0.1)
        }
        try tensors.norm("decoder.norm_out", hidden)
        try tensors.add("decoder.scale_shift_table", [1, 2, hidden], scale: 0.1)
        try tensors.add(
            "decoder.proj_out.1.weight",
            [hidden, latentChannels, 2],
            scale: 1 / Double(hidden).squareRoot()
        )
        try tensors.add("decoder.proj_out.1.bias", [latentChannels], scale: 0.05)
    }

    /// The condition encoder.
    func encoderTensors(_ tensors: inout RandomTensors) throws {
        try tensors.weight("encoder.text_projector", [hidden, textHidden])
        try tensors.weightAndBias("encoder.lyric_encoder.embed_tokens", [hidden, textHidden])
        try tensors.weightAndBias("encoder.timbre_encoder.embed_tokens", [hidden, latentChannels])
        try tensors.add("encoder.timbre_encoder.special_token", [1, 1, hidden], scale: 0.05)
        for (name, count) in [("lyric_encoder", lyricLayers), ("timbre_encoder", timbreLayers)] {
            for layer in 0..<count {
                try block(
                    "encoder.\(name).layers.\(layer)",
                    width: hidden,
                    intermediate: intermediate,
                    &tensors
                )
            }
            try tensors.norm("encoder.\(name).norm", hidden)
        }
        try tensors.add("null_condition_emb", [1, 1, hidden], scale: 0.5)
    }

    /// The text encoder.
    func textTensors(_ tensors: inout RandomTensors) throws {
        try tensors.add("embed_tokens.weight", [ByteTokenizer.vocabularySize, textHidden], scale: 1)
        for layer in 0..<textLayers {
            try block("layers.\(layer)", width: textHidden, intermediate: textIntermediate, &tensors)
        }
        try tensors.norm("norm", textHidden)
    }

    /// The autoencoder's decoder.
    func decoderTensors(_ tensors: inout RandomTensors) throws {
        let multiples = [1] + channelMultiples
        let widths = multiples.map { $0 * decoderChannels }
        let count = downsamplingRatios.count
        try tensors.convolution("decoder.conv1", [widths[count], latentChannels, 7], bias: widths[count], gain: 1)
        for (position, stride) in downsamplingRatios.reversed().enumerated() {
            let path = "decoder.block.\(position)"
            let (inputs, outputs) = (widths[count - position], widths[count - position - 1])
            try snake(path + ".snake1", inputs, &tensors)
            try tensors.convolution(path + ".conv_t1", [inputs, outputs, 2 * stride], bias: outputs, gain: 1)
            for unit in 1...3 {
                let name = "\(path).res_unit\(unit)"
                try snake(name + ".snake1", outputs, &tensors)
                try tensors.convolution(name + ".conv1", [outputs, outputs, 7], bias: outputs, gain: 0.6)
                try snake(name + ".snake2", outputs, &tensors)
                try tensors.convolution(name + ".conv2", [outputs, outputs, 1], bias: outputs, gain: 0.6)
            }
        }
        try snake("decoder.snake1", widths[0], &tensors)
        try tensors.convolution("decoder.conv2", [2, widths[0], 7], bias: nil, gain: 1)
    }

    private func snake(_ name: String, _ channels: Int, _ tensors: inout RandomTensors) throws {
        try tensors.add(name + ".alpha", [1, channels, 1], scale: 0.2)
        try tensors.add(name + ".beta", [1, channels, 1], scale: 0.2)
    }

    private func block(_ path: String, width: Int, intermediate: Int, _ tensors: inout RandomTensors) throws {
        try tensors.norm(path + ".input_layernorm", width)
        try attention(path + ".self_attn", width: width, &tensors)
        try tensors.norm(path + ".post_attention_layernorm", width)
        try feedForward(path + ".mlp", width: width, intermediate: intermediate, &tensors)
    }

    private func attention(_ path: String, width: Int, _ tensors: inout RandomTensors) throws {
        let (queries, keys) = (heads * headDimension, keyValueHeads * headDimension)
        try tensors.weight(path + ".q_proj", [queries, width])
        try tensors.weight(path + ".k_proj", [keys, width])
        try tensors.weight(path + ".v_proj", [keys, width])
        try tensors.weight(path + ".o_proj", [width, queries])
        try tensors.norm(path + ".q_norm", headDimension)
        try tensors.norm(path + ".k_norm", headDimension)
    }

    private func feedForward(
        _ path: String,
        width: Int,
        intermediate: Int,
        _ tensors: inout RandomTensors
    ) throws {
        try tensors.weight(path + ".gate_proj", [intermediate, width])
        try tensors.weight(path + ".up_proj", [intermediate, width])
        try tensors.weight(path + ".down_proj", [width, intermediate])
    }
}
