// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Foundation
import Layers
import TestSupport
import Testing
import Torch

private let isSupported = (try? Int8Matrix.isSupported) ?? false

@Suite("Families on a quantised base")
struct QuantizedFamilyTests {
    /// Both kinds of int8 products; the one that multiplies integers only where the processor has the instructions.
    static let methods: [QuantizationMethod] = isSupported ? [.dynamic, .weightsOnly] : [.weightsOnly]

    private func quantized(_ method: QuantizationMethod) throws -> FixtureLayers {
        try FixtureLayers {
            switch method {
            case .dynamic: try QuantizedProduct(quantizing: $0)
            case .weightsOnly: try WeightOnlyProduct(quantizing: $0, device: .cpu)
            }
        }
    }

    /// What every layer answers to the same random input.
    private func answers(_ layers: FixtureLayers) throws -> [String: Tensor] {
        try Dictionary(
            uniqueKeysWithValues: layers.index.paths.map { path in
                let layer = try #require(layers.index[path])
                return (path, try layer(Tensor.randn([64, layer.inputFeatures], generator: Generator(seed: 1))))
            }
        )
    }

    /// The root mean square difference of what adapters change from what they change on a float base, as a share of it; of
    /// all layers together.
    private func effectError(_ blend: [BlendEntry], _ method: QuantizationMethod) throws -> Double {
        var effects: [[String: Tensor]] = []
        for layers in [try FixtureLayers(), try quantized(method)] {
            let set = AdapterSet(index: layers.index)
            for entry in blend { try set.insert(layers.load(entry.name)) }
            let base = try answers(layers)
            try set.select(blend)
            effects.append(try answers(layers).merging(base) { try $0 - $1 })
        }
        var (error, power) = (0.0, 0.0)
        for (path, exact) in effects[0] {
            let effect = try #require(effects[1][path])
            error += try (effect - exact).square().sum().item()
            power += try exact.square().sum().item()
        }
        return (error / power).squareRoot()
    }

    /// Where the limits come from.
    ///
    /// Rows of eight numbers have steps of max/127 ≈ 1.7 σ / 127, errors of a step/√12: 0.4 % of σ for weights and as much
    /// for activations. What an adapter adds by its own factors is exact; what it makes of the base's products (OFT, DoRA)
    /// has the base's error, in proportion to its effect where that is a turn, and by as much as its parts cancel where it
    /// is a change of length.
    @Test("An adapter's effect is that on the float base", arguments: FixtureLayers.adapters, methods)
    func effect(name: String, method: QuantizationMethod) throws {
        for weight in [-1, 0.3, 1, 2] {
            let error = try effectError([BlendEntry(name, weight: .constant(weight))], method)
            #expect(error < 0.02, "weight \(weight)")
        }
    }

    @Test("What is added by factors alone is added exactly", arguments: ["lora", "lokr-both", "loha", "full"], methods)
    func factors(name: String, method: QuantizationMethod) throws {
        #expect(try effectError([BlendEntry(name)], method) < 1e-5)
    }

    @Test("A mix of all families has the effect that it has on the float base", arguments: methods)
    func mix(method: QuantizationMethod) throws {
        let five = ["lora", "dora", "oft", "lokr-dora-input", "loha"]
        for weight in [-1, 0.3, 1] {
            let error = try effectError(five.map { BlendEntry($0, weight: .constant(weight)) }, method)
            #expect(error < 0.02, "weight \(weight)")
        }
    }

    /// DoRA with magnitudes that are the base's own norms and no direction of its own changes nothing, if the norms that it
    /// is divided by are those of the weights before they were quantised: others would show as 1e-3.
    @Test("Norms are those of the original weight", arguments: methods)
    func norms(method: QuantizationMethod) throws {
        let layers = try quantized(method)
        let path = "layers.0.self_attn.q_proj"
        let layer = try #require(layers.index[path])
        let prefix = "base_model.model." + path
        let directory = try TemporaryDirectory()
        try directory.write(tensors: [
            prefix + ".lora_A.weight": .init(random: [2, layer.inputFeatures]),
            prefix + ".lora_B.weight": .init([Float](repeating: 0, count: 2 * layer.outputFeatures), shape: [12, 2]),
            prefix + ".lora_magnitude_vector": .init(
                try layer.weight.norm(dimensions: [1]).floats(),
                shape: [layer.outputFeatures]
            ),
        ])
        let configuration =
            #"{"peft_type": "LORA", "r": 2, "lora_alpha": 2, "use_dora": true, "target_modules": ["q_proj"]}"#
        try configuration.write(toFile: directory.path(of: "adapter_config.json"), atomically: true, encoding: .utf8)
        let base = try answers(layers)
        let set = AdapterSet(index: layers.index)
        let adapter = try AdapterDescription(contentsOf: directory.path)
        try set.insert(AdapterLoader.load(adapter, onto: layers.index, named: "dora", dtype: .float32))
        try set.select([BlendEntry("dora")])
        #expect(!layer.branches.isEmpty)
        let (now, before) = (try #require(answers(layers)[path]), try #require(base[path]))
        #expect(try (now - before).abs().max().item() < 1e-5 * (try before.abs().max().item()))
    }

    @Test("Weight 0 and unloading give the quantised base's bits", arguments: FixtureLayers.adapters, methods)
    func restores(name: String, method: QuantizationMethod) throws {
        let layers = try quantized(method)
        let set = AdapterSet(index: layers.index)
        let base = try answers(layers)
        try set.insert(layers.load(name))
        try set.select([BlendEntry(name)])
        let changed = try answers(layers)
        #expect(try base.contains { try !$0.value.equal(#require(changed[$0.key])) }, "the adapter does something")
        for blend in [[BlendEntry(name, weight: .constant(0))], []] {
            try set.select(blend)
            let now = try answers(layers)
            for (path, answer) in base { #expect(try answer.equal(#require(now[path])), "\(path)") }
        }
        try set.remove(named: name)
        let now = try answers(layers)
        for (path, answer) in base { #expect(try answer.equal(#require(now[path])), "\(path)") }
    }

    @Test("Items of a batch with different adapters have the answers that they have alone", arguments: methods)
    func batch(method: QuantizationMethod) throws {
        let layers = try quantized(method)
        let set = AdapterSet(index: layers.index)
        let names = ["lora", "dora", "oft", "lokr-second", "loha", "full"]
        for name in names { try set.insert(layers.load(name)) }
        let blends = names.map { [BlendEntry($0, weight: 0.7)] } + [[]]
        for path in layers.index.paths {
            let layer = try #require(layers.index[path])
            let x = try Tensor.randn([blends.count, 5, layer.inputFeatures], generator: Generator(seed: 2))
            try set.select(items: blends)
            let together = try layer(x)
            for (item, blend) in blends.enumerated() {
                try set.select(blend)
                let alone = try layer(x.slice(0, from: item, to: item + 1))
                let difference = try (together.slice(0, from: item, to: item + 1) - alone).abs().max().item()
                #expect(difference <= 1e-5 * (try alone.abs().max().item()), "\(path), item \(item)")
            }
        }
    }
}
