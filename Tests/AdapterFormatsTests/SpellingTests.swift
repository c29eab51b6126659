// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import TestSupport
import Testing

@Suite("How tools spell modules and tensors")
struct SpellingTests {
    /// A module as a tool spells it, and its place in the base.
    static let modules: [(spelled: String, path: String)] = [
        ("base_model.model.layers.3.self_attn.q_proj", "layers.3.self_attn.q_proj"),
        ("base_model.model.decoder.layers.3.self_attn.q_proj", "layers.3.self_attn.q_proj"),
        ("layers.3.self_attn.q_proj", "layers.3.self_attn.q_proj"),
        ("decoder.layers.3.cross_attn.o_proj", "layers.3.cross_attn.o_proj"),
        ("diffusion_model.decoder.layers.3.mlp.gate_proj", "layers.3.mlp.gate_proj"),
        ("diffusion_model.layers.3.mlp.gate_proj", "layers.3.mlp.gate_proj"),
        ("transformer.layers.3.self_attn.to_q", "layers.3.self_attn.q_proj"),
        ("transformer.layers.3.self_attn.to_out.0", "layers.3.self_attn.o_proj"),
        ("transformer.layers.3.cross_attn.to_k", "layers.3.cross_attn.k_proj"),
        ("transformer.proj_in_conv", "proj_in.1"),
        ("lora_unet_layers_3_self_attn_q_proj", "layers.3.self_attn.q_proj"),
        ("lora_unet_decoder_layers_3_self_attn_to_out_0", "layers.3.self_attn.o_proj"),
        ("lora_transformer_layers_3_mlp_up_proj", "layers.3.mlp.up_proj"),
        ("lycoris_layers_3_cross_attn_v_proj", "layers.3.cross_attn.v_proj"),
        ("lycoris_proj_in_1", "proj_in.1"),
        ("lycoris_proj_out_conv", "proj_out.1"),
        ("lycoris_time_embed_time_proj", "time_embed.time_proj"),
        ("lycoris_time_embed_r_time_proj", "time_embed_r.time_proj"),
        ("lycoris_condition_embedder", "condition_embedder"),
        ("_orig_mod.base_model.model.layers.3.self_attn.q_proj", "layers.3.self_attn.q_proj"),
    ]

    /// The base's paths that those stand for.
    private static let base = PathTable(
        modules.map(\.path) + ["layers.0.self_attn.q_proj", "time_embed.linear_1", "time_embed_r.linear_1"]
    )

    @Test("A module is found however it is spelled, with either pair of names", arguments: modules)
    func module(spelled: String, path: String) throws {
        for (down, up) in [
            (".lora_A.weight", ".lora_B.weight"), (".lora_down.weight", ".lora_up.weight"),
            (".lora.down.weight", ".lora.up.weight"), (".lora_A.default.weight", ".lora_B.default.weight"),
            (".lora_A", ".lora_B"),
        ] {
            let adapter = try AdapterDirectory().read(AdapterDirectory.factors(spelled, down: down, up: up))
            let module = try #require(adapter.modules.first)
            #expect(adapter.modules.count == 1)
            #expect(module.kind == .lora)
            #expect(try Self.base.resolve(module.path) == path)
            #expect(adapter.unusedNames.isEmpty)
        }
    }

    /// Names of all tensors that a family's tools write, and the family.
    static let families: [(tensors: [String: [Int]], kind: AdapterKind)] = [
        (["lora_A.weight": [2, 8], "lora_B.weight": [12, 2], "lora_B.bias": [12]], .lora),
        (
            [
                "lora_down.weight": [2, 6, 1], "lora_mid.weight": [2, 2, 3], "lora_up.weight": [12, 2, 1], "alpha": [],
            ], .lora
        ),
        (["lora_A.weight": [2, 8], "lora_B.weight": [12, 2], "lora_magnitude_vector": [12]], .dora),
        (["lora_A.weight": [2, 8], "lora_B.weight": [12, 2], "lora_magnitude_vector.weight": [12]], .dora),
        (["lora_A.weight": [2, 8], "lora_B.weight": [12, 2], "lora_magnitude_vector.default.weight": [12]], .dora),
        (["lora_down.weight": [2, 8], "lora_up.weight": [12, 2], "dora_scale": [12, 1], "alpha": []], .dora),
        (["oft_R.weight": [2, 6]], .oft), (["oft_R.default.weight": [2, 6]], .oft),
        (["lokr_w1": [3, 2], "lokr_w2": [4, 4]], .lokr),
        (["lokr_w1": [3, 2], "lokr_w2_a": [4, 1], "lokr_w2_b": [1, 4], "alpha": [1], "dora_scale": [1, 8]], .lokr),
        (
            [
                "lokr_w1_a": [3, 1], "lokr_w1_b": [1, 2], "lokr_t2": [1, 1, 2], "lokr_w2_a": [1, 4],
                "lokr_w2_b": [1, 3],
            ], .lokr
        ),
        (
            ["hada_w1_a": [12, 2], "hada_w1_b": [2, 8], "hada_w2_a": [12, 2], "hada_w2_b": [2, 8], "alpha": []], .loha
        ),
        (["diff": [12, 8]], .difference), (["diff": [12, 8], "diff_b": [12]], .difference),
        (["diff_b": [12]], .difference),
        (["lora_down.weight": [2, 8], "lora_up.weight": [12, 2], "diff_b": [12]], .lora),
    ]

    @Test("A family is known by its tensors alone", arguments: families)
    func family(tensors: [String: [Int]], kind: AdapterKind) throws {
        for prefix in ["base_model.model.layers.0.self_attn.q_proj.", "lycoris_layers_0_self_attn_q_proj."] {
            let named = tensors.map { (prefix + $0.key, TensorFile.Entry(random: $0.value, seed: 3)) }
            let adapter = try AdapterDirectory().read(Dictionary(uniqueKeysWithValues: named), as: "any.safetensors")
            #expect(adapter.kinds == [kind])
            #expect(adapter.modules.first?.tensors.count == tensors.count)
            #expect(adapter.unusedNames.isEmpty)
        }
    }

    @Test("Biases that stand for the base's are kept apart")
    func biases() throws {
        var tensors = AdapterDirectory.factors("base_model.model.layers.0.self_attn.q_proj")
        tensors["base_model.model.time_embed.linear_1.base_layer.bias"] = .init(random: [4])
        tensors["base_model.model.time_embed_r.linear_1.bias"] = .init(random: [4])
        let adapter = try AdapterDirectory().read(tensors)
        #expect(Set(adapter.replacementBiases.keys.map(\.text)) == ["time_embed.linear_1", "time_embed_r.linear_1"])
        #expect(adapter.unusedNames.isEmpty)
    }

    @Test("What no rule knows is listed", arguments: ["lora_A.a.b.c.weight", "lora_E", "w_norm", "oft_blocks"])
    func unknown(ending: String) throws {
        let module = "base_model.model.layers.0.self_attn.q_proj"
        var tensors = AdapterDirectory.factors(module)
        tensors[module + "." + ending] = .init(random: [2])
        #expect(try AdapterDirectory().read(tensors).unusedNames == [module + "." + ending])
    }

    @Test("Layer numbers and the other spellings follow from a path")
    func paths() throws {
        let path = ModulePath(spelled: "base_model.model.layers.31.self_attn.o_proj")
        #expect(path.layer == 31)
        #expect(path.diffusersSpelling == "layers.31.self_attn.to_out.0")
        #expect(path.flattened == "layers_31_self_attn_o_proj")
        #expect(ModulePath(spelled: "lycoris_layers_7_mlp_up_proj").layer == 7)
        #expect(ModulePath(spelled: "time_embed.linear_1").layer == nil)
        #expect(ModulePath(spelled: "proj_in.1").diffusersSpelling == "proj_in_conv")
        #expect(PathTable(["layers.0.a", "layers.11.b", "proj_in.1"]).layerCount == 12)
        let ambiguous = PathTable(["x.y_z", "x_y.z"])
        #expect(throws: AdapterFormatError.ambiguousName(name: "x_y_z", candidates: ["x.y_z", "x_y.z"])) {
            try ambiguous.resolve(ModulePath(spelled: "lora_unet_x_y_z"))
        }
    }

    @Test(
        "The tool of origin shows in names and metadata",
        arguments: [
            ("base_model.model.layers.0.q", "lora_A.weight", [:], AdapterOrigin.peft),
            ("base_model.model.layers.0.q", "lora_down.weight", [:], .comfyUI),
            ("diffusion_model.decoder.layers.0.q", "lora_down.weight", [:], .comfyUI),
            ("lora_unet_layers_0_q", "lora_down.weight", [:], .kohya),
            ("layers.0.q", "lora_down.weight", ["ss_network_dim": "4"], .kohya),
            ("transformer.layers.0.q", "lora_A.weight", [:], .diffusers),
            ("layers.0.q", "lora_A.weight", ["lora_adapter_metadata": "{}"], .diffusers),
            ("lycoris_layers_0_q", "lora_down.weight", [:], .lycoris),
            ("layers.0.q", "lora_down.weight", ["format": "lycoris"], .lycoris),
            ("layers.0.q", "lora_A.weight", [:], .unknown),
        ]
    )
    func origin(module: String, down: String, metadata: [String: String], origin: AdapterOrigin) throws {
        let up = down == "lora_A.weight" ? ".lora_B.weight" : ".lora_up.weight"
        let tensors = AdapterDirectory.factors(module, down: "." + down, up: up)
        #expect(try AdapterDirectory().read(tensors, metadata: metadata, as: "x.safetensors").origin == origin)
    }
}
