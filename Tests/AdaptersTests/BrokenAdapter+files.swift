// SPDX-License-Identifier: Apache-2.0

import TestSupport

extension BrokenAdapter {
    /// Files that are no adapter at all, or damaged ones.
    static let files: [BrokenAdapter] = [
        BrokenAdapter("nothing at the path", "no such file or directory") { $0.path(of: "absent") },
        BrokenAdapter("an empty directory", "expected adapter_model.safetensors") { $0.path },
        BrokenAdapter("two files to choose from", "several safetensors files, name one: a.safetensors, b.safetensors") {
            try $0.write(tensors: lora(), to: "a.safetensors")
            try $0.write(tensors: lora(), to: "b.safetensors")
            return $0.path
        },
        BrokenAdapter("a .bin", "adapter_model.bin' is not read: pickles can run code") {
            try $0.write([0x80, 2], to: "adapter_model.bin")
        },
        BrokenAdapter("a .pt", "adapter.pt' is not read: pickles can run code") {
            try $0.write("PK\u{3}\u{4}", to: "adapter.pt")
        },
        BrokenAdapter("a .ckpt", "adapter.ckpt' is not read: pickles can run code") {
            try $0.write("x", to: "adapter.ckpt")
        },
        BrokenAdapter("a directory with a pickle alone", "only 'adapter_model.bin', which is a pickle") {
            try $0.write([0x80, 2], to: "adapter_model.bin")
            return $0.path
        },
        BrokenAdapter("another ending", "an adapter is a directory or a .safetensors file") {
            try $0.write("x", to: "adapter.onnx")
        },
        BrokenAdapter("a run without a final adapter", "name one of its checkpoints") {
            try $0.write("{}", to: "training_args.json")
            let nested = $0.path(of: "checkpoints/epoch_3")
            try TemporaryDirectory.create(nested)
            return $0.path
        },
        BrokenAdapter(
            "a zip in disguise",
            "it is a zip archive, as torch.save writes",
            bytes: Array("PK\u{3}\u{4}".utf8) + zeros(60)
        ),
        BrokenAdapter(
            "a pickle in disguise",
            "it is a pickle, not safetensors",
            bytes: [0x80, 2, 0x7D, 0x71, 0, 0x58, 0, 0, 0, 0, 0x2E] + zeros(9)
        ),
        BrokenAdapter(
            "a pointer of Git LFS",
            "this is not a safetensors file",
            bytes: Array("version https://git-lfs.github.com/spec/v1\nx".utf8)
        ),
        BrokenAdapter("no bytes", "it has 0 bytes", bytes: []),
        BrokenAdapter("a header cut off", "claims 4096 bytes, the file has", bytes: [0, 16, 0, 0, 0, 0, 0, 0, 0x7B]),
        BrokenAdapter(
            "data cut off",
            "its data ends at 16, the file holds 12",
            bytes: header(#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, data: 12)
        ),
        BrokenAdapter(
            "overlapping offsets",
            "overlap",
            bytes: header(
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
                    + #""b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
                data: 12
            )
        ),
        BrokenAdapter(
            "a header of 10,000 levels",
            "expected an object",
            bytes: header(
                #"{"a":"# + String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000) + "}"
            )
        ),
        BrokenAdapter(
            "a shape whose product overflows",
            "is larger than any memory",
            bytes: header(
                #"{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}}"#
            )
        ),
    ]

    /// Settings that are damaged, or that nothing here can follow.
    static let settings: [BrokenAdapter] = [
        BrokenAdapter("settings that are no JSON", "expected a key in quotes at byte", lora(), settings: "{r: 4}"),
        BrokenAdapter("settings that are a list", "the document is not an object", lora(), settings: "[]"),
        BrokenAdapter(
            "settings of 10,000 levels",
            "nested deeper than 32 levels",
            lora(),
            settings: #"{"r":"# + String(repeating: "[", count: 10_000)
        ),
        BrokenAdapter(
            "settings of 5 MB",
            "more than the 4194304 that are read",
            lora(),
            settings: "{\"x\":\"" + String(repeating: "x", count: 5_000_000) + "\"}"
        ),
        BrokenAdapter("an alpha that is NaN", "'lora_alpha' is nan", lora(), settings: #"{"lora_alpha":NaN}"#),
        BrokenAdapter(
            "an alpha in words",
            "must be a number, it is a string",
            lora(),
            settings: #"{"lora_alpha":"8"}"#
        ),
        BrokenAdapter(
            "an unknown family",
            "is 'VERA', which is not supported",
            lora(),
            settings: #"{"peft_type":"VERA"}"#
        ),
        BrokenAdapter("a negative rank", "'r' is -4.0: it must be a whole number", lora(), settings: #"{"r":-4}"#),
        BrokenAdapter("DoRA without magnitudes", "although use_dora is set", lora(), settings: #"{"use_dora":true}"#),
        BrokenAdapter(
            "a base that the adapter changes",
            "is 'pissa', which changes the base's weights",
            lora(),
            settings: #"{"init_lora_weights":"pissa"}"#
        ),
        BrokenAdapter(
            "layers used twice",
            "'layer_replication' is not supported",
            lora(),
            settings: #"{"layer_replication":[[0,1]]}"#
        ),
        BrokenAdapter("a pattern that is none", "'(' without ')'", lora(), settings: #"{"alpha_pattern":{"(a":1}}"#),
        BrokenAdapter(
            "a pattern that refers back",
            "back references",
            lora(),
            settings: #"{"alpha_pattern":{"(a)\\1":1}}"#
        ),
        BrokenAdapter(
            "a pattern that grows",
            "too large when its repeats are written out",
            lora(),
            settings: #"{"alpha_pattern":{"(((a{64}){64}){64}){64}":1}}"#
        ),
        BrokenAdapter(
            "a value of a pattern in words",
            "must give a finite number for 'q_proj'",
            lora(),
            settings: #"{"alpha_pattern":{"q_proj":"3"}}"#
        ),
        BrokenAdapter(
            "a series without end",
            "more than any series needs",
            [query + ".oft_R.weight": Entry(random: [2, 6])],
            settings: #"{"peft_type":"OFT","num_cayley_neumann_terms":1000000000}"#
        ),
        BrokenAdapter(
            "a rotation bounded by nothing",
            "the bound of a rotation must be above 0",
            [query + ".oft_R.weight": Entry(random: [2, 6])],
            settings: #"{"peft_type":"OFT","coft":true,"eps":-1}"#
        ),
        BrokenAdapter("settings in the file that are no JSON", "metadata 'lora_adapter_metadata'") {
            try $0.write(tensors: lora(), metadata: ["lora_adapter_metadata": "{"], to: "a.safetensors")
        },
    ]

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}
