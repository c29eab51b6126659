// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import TestSupport

extension BrokenAdapter {
    /// LoRAs and DoRAs whose tensors make no sense, together or on this base.
    static let lowRank: [BrokenAdapter] = [
        BrokenAdapter("A without B", "but no lora_B (or lora_up)", lora([query + ".lora_B.weight": nil])),
        BrokenAdapter("B without A", "but no lora_A (or lora_down)", lora([query + ".lora_A.weight": nil])),
        BrokenAdapter("an alpha alone", "but no weights that it belongs to", [query + ".alpha": Entry([4], shape: [])]),
        BrokenAdapter(
            "rank 0",
            "is [0, 8], expected [r, in] with r of at least 1",
            lora([query + ".lora_A.weight": Entry(random: [0, 8]), query + ".lora_B.weight": Entry(random: [12, 0])])
        ),
        BrokenAdapter(
            "factors of two ranks",
            "is [12, 3], expected [out, 2]",
            lora([query + ".lora_B.weight": Entry(random: [12, 3])])
        ),
        BrokenAdapter(
            "another width",
            "is [2, 9], expected [r, 8]",
            lora([query + ".lora_A.weight": Entry(random: [2, 9])])
        ),
        BrokenAdapter(
            "another height",
            "is [13, 2], expected [12, 2]",
            lora([query + ".lora_B.weight": Entry(random: [13, 2])])
        ),
        BrokenAdapter(
            "a vector for a factor",
            "is [16], expected [r, in]",
            lora([query + ".lora_A.weight": Entry(random: [16])])
        ),
        BrokenAdapter(
            "an alpha that is a NaN",
            "an alpha must be a finite number",
            lora([query + ".alpha": Entry([.nan], shape: [])])
        ),
        BrokenAdapter("three alphas", "is [3], expected [] or [1]", lora([query + ".alpha": Entry(random: [3])])),
        BrokenAdapter(
            "an alpha of bytes",
            "is U8, expected a floating-point number",
            lora([query + ".alpha": Entry(zeros: [], dtype: .uint8)])
        ),
        BrokenAdapter(
            "a weight that is NaN",
            "is NaN or infinite at element 3",
            lora([query + ".lora_A.weight": Entry([1, 2, 3, .nan] + [Float](repeating: 0, count: 12), shape: [2, 8])])
        ),
        BrokenAdapter(
            "an infinite weight in bfloat16",
            "is NaN or infinite at element 1",
            lora([
                query + ".lora_B.weight": Entry(
                    [0, -.infinity] + [Float](repeating: 0, count: 22),
                    shape: [12, 2],
                    dtype: .bfloat16
                )
            ])
        ),
        BrokenAdapter(
            "integer weights",
            "is I8, expected F32",
            lora([query + ".lora_A.weight": Entry(zeros: [2, 8], dtype: .int8)])
        ),
        BrokenAdapter(
            "8-bit floats",
            "is F8_E4M3, expected F32",
            lora([query + ".lora_A.weight": Entry(zeros: [2, 8], dtype: .float8e4m3)])
        ),
        BrokenAdapter(
            "a bias of the first factor",
            "a bias of the first factor is not supported",
            lora([query + ".lora_A.bias": Entry(random: [2])])
        ),
        BrokenAdapter(
            "a core on a projection",
            "kernel] of [12, 8]",
            lora([query + ".lora_mid.weight": Entry(random: [2, 2, 2])])
        ),
        BrokenAdapter(
            "too few magnitudes",
            "is [11], expected [12]",
            lora([query + ".lora_magnitude_vector": Entry(random: [11])])
        ),
        BrokenAdapter(
            "magnitudes of no axis",
            "is [12, 2], expected [12, 1] or [1, 8]",
            lora([query + ".dora_scale": Entry(random: [12, 2])])
        ),
        BrokenAdapter(
            "magnitudes alone",
            "but no lora_A and lora_B",
            [query + ".lora_magnitude_vector": Entry(random: [12])]
        ),
        BrokenAdapter(
            "magnitudes of a row that is zero",
            "divides by the norm of a part of the adapted weight that is zero",
            [
                "base_model.model.zero.lora_A.weight": Entry(random: [2, 8]),
                "base_model.model.zero.lora_B.weight": Entry(zeros: [8, 2]),
                "base_model.model.zero.lora_magnitude_vector": Entry(random: [8]),
            ]
        ),
    ]

    /// Tensors of the other families that make no sense.
    static let families: [BrokenAdapter] = [
        BrokenAdapter(
            "Kronecker factors whose product takes terabytes",
            "a factor that makes 12 rows with 1000000",
            [
                query + ".lokr_w1_a": Entry(zeros: [1_000_000, 1], dtype: .float16),
                query + ".lokr_w1_b": Entry(zeros: [1, 1_000_000], dtype: .float16),
                query + ".lokr_w2": Entry(random: [4, 4]),
            ]
        ),
        BrokenAdapter(
            "a second factor that is too wide",
            "a factor that makes 8 columns with 2",
            [query + ".lokr_w1": Entry(random: [3, 2]), query + ".lokr_w2": Entry(random: [4, 5])]
        ),
        BrokenAdapter("one Kronecker factor", "but no lokr_w2", [query + ".lokr_w1": Entry(random: [3, 2])]),
        BrokenAdapter(
            "half of a Kronecker factor",
            "but no lokr_w2_b",
            [query + ".lokr_w1": Entry(random: [3, 2]), query + ".lokr_w2_a": Entry(random: [4, 1])]
        ),
        BrokenAdapter(
            "a Kronecker factor twice",
            "mixes adapter families",
            [
                query + ".lokr_w1": Entry(random: [3, 2]), query + ".lokr_w1_a": Entry(random: [3, 1]),
                query + ".lokr_w2": Entry(random: [4, 4]),
            ]
        ),
        BrokenAdapter(
            "a Tucker core of another kernel",
            "kernel] of [12, 6, 2]",
            [
                convolution + ".lokr_w1": Entry(random: [3, 2]), convolution + ".lokr_t2": Entry(random: [1, 1, 3]),
                convolution + ".lokr_w2_a": Entry(random: [1, 4]), convolution + ".lokr_w2_b": Entry(random: [1, 3]),
            ]
        ),
        BrokenAdapter("half of a LoHa", "but no hada_w2_b", hadamard([".hada_w2_b": nil])),
        BrokenAdapter(
            "two ranks of a LoHa",
            "expected rank 2, as the first product's",
            hadamard([".hada_w2_a": Entry(random: [12, 3]), ".hada_w2_b": Entry(random: [3, 8])])
        ),
        BrokenAdapter(
            "one core of a LoHa",
            "but no hada_t2",
            hadamard([
                ".hada_t1": Entry(random: [2, 2, 2]), ".hada_w1_a": Entry(random: [2, 12]),
            ])
        ),
        BrokenAdapter(
            "a LoHa of another height",
            "is [10, 2], expected [12, 2]",
            hadamard([".hada_w1_a": Entry(random: [10, 2])])
        ),
        BrokenAdapter(
            "vectors of no triangle",
            "expected [blocks, b·(b-1)/2]",
            [query + ".oft_R.weight": Entry(random: [2, 5])]
        ),
        BrokenAdapter(
            "rotations of another width",
            "expected blocks that together have the size 8",
            [query + ".oft_R.weight": Entry(random: [3, 6])]
        ),
        BrokenAdapter(
            "a shared rotation that is two",
            "expected one block whose size divides 8",
            [query + ".oft_R.weight": Entry(random: [2, 6])],
            settings: #"{"peft_type":"OFT","block_share":true}"#
        ),
        BrokenAdapter(
            "a rotation of a convolution",
            "PEFT has no OFT of one-dimensional convolutions",
            [convolution + ".oft_R.weight": Entry(random: [3, 6])]
        ),
        BrokenAdapter(
            "a rotation without bounds",
            "makes a rotation that is not finite",
            [query + ".oft_R.weight": Entry([Float](repeating: 3e38, count: 12), shape: [2, 6])]
        ),
        BrokenAdapter(
            "a whole difference of another shape",
            "is [8, 12], expected [12, 8]",
            [query + ".diff": Entry(random: [8, 12])]
        ),
        BrokenAdapter(
            "a difference of a bias that is not there",
            "diff_b' is [12], expected none: the layer has no bias",
            lora([query + ".diff_b": Entry(random: [12])])
        ),
        BrokenAdapter(
            "a bias for a layer without",
            "q_proj.bias' is [12], expected none: the layer has no bias",
            lora([query + ".bias": Entry(random: [12])])
        ),
    ]

    /// Names that fit no base, or more than one thing.
    static let names: [BrokenAdapter] = [
        BrokenAdapter(
            "keys of another model",
            "the base lacks 1 of the 1 modules that it changes: unet.down_blocks.0.attentions.0.k_proj",
            [
                "unet.down_blocks.0.attentions.0.to_k.lora_A.weight": "A",
                "unet.down_blocks.0.attentions.0.to_k.lora_B.weight": "B",
            ]
            .mapValues { Entry(random: $0 == "A" ? [2, 8] : [8, 2]) }
        ),
        BrokenAdapter(
            "more layers than the base",
            "addresses layer 31, the base has 1",
            lora([
                "base_model.model.layers.31.self_attn.q_proj.lora_A.weight": Entry(random: [2, 8]),
                "base_model.model.layers.31.self_attn.q_proj.lora_B.weight": Entry(random: [12, 2]),
            ])
        ),
        BrokenAdapter(
            "a checkpoint",
            "no tensor has a name that an adapter's has",
            [
                "decoder.layers.0.self_attn.q_proj.weight": Entry(random: [12, 8])
            ]
        ),
        BrokenAdapter("no tensors", "the file has no tensors", [:]),
        BrokenAdapter(
            "a tensor that nobody reads",
            "1 tensors would have no effect, such as 'emb_params'",
            lora(["emb_params": Entry(random: [2])])
        ),
        BrokenAdapter(
            "two families in a module",
            "mixes adapter families",
            lora([query + ".hada_w1_a": Entry(random: [12, 2])])
        ),
        BrokenAdapter(
            "two spellings of a module",
            "both describe module 'layers.0.self_attn.q_proj'",
            lora(["diffusion_model.decoder.layers.0.self_attn.q_proj.lora_down.weight": Entry(random: [2, 8])])
        ),
        BrokenAdapter(
            "a flattened name of two modules",
            "may stand for x.y_z or x_y.z",
            [
                "lora_unet_x_y_z.lora_down.weight": Entry(random: [2, 8]),
                "lora_unet_x_y_z.lora_up.weight": Entry(random: [8, 2]),
            ]
        ),
    ]

    private static func hadamard(_ changes: [String: Entry?]) -> [String: Entry] {
        var tensors = [
            ".hada_w1_a": Entry(random: [12, 2]), ".hada_w1_b": Entry(random: [2, 8]),
            ".hada_w2_a": Entry(random: [12, 2]), ".hada_w2_b": Entry(random: [2, 8]),
        ]
        for (name, entry) in changes { tensors[name] = entry }
        return Dictionary(uniqueKeysWithValues: tensors.map { (query + $0.key, $0.value) })
    }
}
