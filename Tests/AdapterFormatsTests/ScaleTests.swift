// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import TestSupport
import Testing

@Suite("Where alphas come from")
struct ScaleTests {
    private static let query = "base_model.model.layers.0.self_attn.q_proj"

    private func scale(
        _ changes: [String: TensorFile.Entry] = [:],
        settings: String? = nil,
        metadata: [String: String] = [:],
        as name: String = "adapter_model.safetensors"
    ) throws -> LowRankScale {
        let tensors = AdapterDirectory.factors(Self.query, rank: 4).merging(changes) { $1 }
        let adapter = try AdapterDirectory().read(tensors, settings: settings, metadata: metadata, as: name)
        return try #require(adapter.modules.first?.lowRank)
    }

    @Test("A module's own alpha wins over the settings", arguments: [[], [1]])
    func tensor(shape: [Int]) throws {
        let alpha = TensorFile.Entry([6], shape: shape)
        let scale = try scale([Self.query + ".alpha": alpha], settings: #"{"peft_type":"LORA","lora_alpha":100}"#)
        #expect(scale.scale == 1.5)
        #expect(scale.source == .tensor)
    }

    @Test(
        "An alpha may have any type of number",
        arguments: [
            TensorFile.Entry([6], shape: [], dtype: .float16),
            .init([6], shape: [], dtype: .bfloat16), .init([6], shape: [], dtype: .float64),
            .init([6], shape: [], dtype: .int64), .init([6], shape: [], dtype: .int32),
        ]
    )
    func types(alpha: TensorFile.Entry) throws {
        #expect(try scale([Self.query + ".alpha": alpha]).scale == 1.5)
    }

    @Test("An alpha of 0 means none, as to the tools that write such tensors")
    func zero() throws {
        #expect(try scale([Self.query + ".alpha": TensorFile.Entry([0], shape: [])]).scale == 1)
    }

    @Test("The settings' alpha is divided by the module's own rank, or by its root")
    func settings() throws {
        #expect(try scale(settings: #"{"peft_type":"LORA","r":64,"lora_alpha":192}"#).scale == 48)
        #expect(try scale(settings: #"{"peft_type":"LORA","lora_alpha":12,"use_rslora":true}"#).scale == 6)
        #expect(try scale(settings: #"{"lora_alpha":12}"#).source == .configuration)
        #expect(try scale(settings: #"{"alpha":12}"#).scale == 3)
    }

    @Test("PEFT's default holds where its settings are silent, and says so")
    func fallback() throws {
        #expect(try scale(settings: #"{"peft_type":"LORA"}"#).scale == 2)
        let adapter = try AdapterDirectory().read(
            AdapterDirectory.factors(Self.query),
            settings: #"{"peft_type":"LORA"}"#
        )
        #expect(adapter.warnings.contains { $0.contains("PEFT's default 8") })
    }

    @Test("Without any alpha the scale is 1, and says so")
    func absent() throws {
        let adapter = try AdapterDirectory().read(AdapterDirectory.factors(Self.query), as: "x.safetensors")
        #expect(adapter.modules.first?.scale == 1)
        #expect(adapter.modules.first?.lowRank?.source == .absent)
        #expect(adapter.warnings.contains { $0.contains("no alpha for 1 of 1 modules") })
    }

    @Test("A file of its own name ignores settings that lie beside it by chance")
    func beside() throws {
        let directory = try AdapterDirectory()
        let tensors = AdapterDirectory.factors(Self.query)
        #expect(try directory.read(tensors, settings: #"{"lora_alpha":12}"#, as: "x.safetensors").modules[0].scale == 1)
        #expect(try AdapterDescription(contentsOf: directory.directory.path).modules[0].scale == 6)
    }

    @Test("Diffusers' and kohya's metadata count")
    func metadata() throws {
        let diffusers = [
            "lora_adapter_metadata": #"{"transformer.r":4,"transformer.lora_alpha":12,"text_encoder.lora_alpha":99}"#
        ]
        #expect(try scale(metadata: diffusers, as: "x.safetensors").scale == 3)
        #expect(try scale(metadata: ["ss_network_alpha": "8"], as: "x.safetensors").scale == 2)
        #expect(try scale(metadata: ["ss_network_alpha": "none"], as: "x.safetensors").scale == 1)
    }

    @Test("LyCORIS ignores the alpha of two whole Kronecker factors, PEFT does not")
    func kronecker() throws {
        let whole = [
            Self.query + ".lokr_w1": TensorFile.Entry(random: [3, 2]), Self.query + ".lokr_w2": .init(random: [4, 4]),
            Self.query + ".alpha": .init([32], shape: []),
        ]
        let single = try AdapterDirectory().read(whole, as: "lokr_weights.safetensors")
        #expect(single.modules[0].scale == 1)
        #expect(single.modules[0].lowRank == nil)
        let settings = #"{"peft_type":"LOKR","r":16,"alpha":24,"rank_pattern":{"o_proj":2}}"#
        let peft = try AdapterDirectory().read(whole.filter { !$0.key.hasSuffix(".alpha") }, settings: settings)
        #expect(peft.modules[0].scale == 1.5)
    }

    @Test("Rank of a factored LoKr and of LoHa is the factors' own, also beside a Tucker core")
    func ranks() throws {
        let tucker = [
            Self.query + ".lokr_w1": TensorFile.Entry(random: [3, 2]),
            Self.query + ".lokr_t2": .init(random: [5, 5, 2]),
            Self.query + ".lokr_w2_a": .init(random: [5, 4]), Self.query + ".lokr_w2_b": .init(random: [5, 3]),
            Self.query + ".alpha": .init([10], shape: []),
        ]
        #expect(try AdapterDirectory().read(tucker).modules[0].scale == 2)
        #expect(try AdapterDirectory().read(tucker).ranks == [5])
    }

    @Test("OFT's settings are PEFT's defaults unless stated")
    func rotation() throws {
        let tensors = [Self.query + ".oft_R.weight": TensorFile.Entry(random: [2, 6])]
        let silent = try AdapterDirectory().read(tensors, as: "x.safetensors")
        #expect(silent.modules[0].rotation == RotationSettings())
        #expect(silent.warnings.contains { $0.contains("PEFT's defaults are assumed") })
        let settings = #"{"peft_type":"OFT","use_cayley_neumann":false,"coft":true,"eps":0.5,"block_share":true}"#
        let rotation = try #require(try AdapterDirectory().read(tensors, settings: settings).modules[0].rotation)
        #expect(!rotation.usesSeries && rotation.isShared && rotation.largestNorm == 0.5 && rotation.termCount == 5)
    }

    @Test("A rank that disagrees with the settings is reported; the tensors win")
    func disagreement() throws {
        let adapter = try AdapterDirectory().read(
            AdapterDirectory.factors(Self.query, rank: 4),
            settings: #"{"peft_type":"LORA","r":8,"lora_alpha":8}"#
        )
        #expect(adapter.modules[0].scale == 2)
        #expect(adapter.warnings.contains { $0.contains("gives rank 8 for") && $0.contains("have 4") })
    }
}
