// SPDX-License-Identifier: Apache-2.0

import Adapters
import Layers
import TestSupport
import Testing
import Torch

@Suite("Merged copies")
struct MergedCopyTests {
    @Test("A merged copy is W + w·(W′ − W), for each family", arguments: FixtureLayers.adapters, [-1, 0.3, 1, 2])
    func effectiveWeight(name: String, weight: Double) throws {
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        try set.insert(layers.load(name))
        let blend = [BlendEntry(name, weight: .constant(weight))]
        try set.select(BatchBlend(items: [blend], positions: 1), over: set.merge(blend))
        #expect(layers.index.paths.allSatisfy { layers.index[$0]?.branches.isEmpty == true })
        for agreement in try layers.agreements(with: layers.expected([(name, weight)])) {
            #expect(agreement.error < 1e-5, "\(agreement)")
        }
    }

    @Test(
        "Blends of five families merged, and merged in part under branches, are what they are as branches",
        arguments: 0..<24
    )
    func blends(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        let names = Array(FixtureLayers.adapters.shuffled(using: &generator).prefix(5))
        let blend = names.map { BlendEntry($0, weight: .constant(.random(in: -1...2, using: &generator))) }
        for name in names { try set.insert(layers.load(name)) }
        let expected = try layers.expected(blend.map { ($0.name, $0.weight.value(at: 0)) })
        let batch = BatchBlend(items: [blend], positions: 1)
        #expect(batch.constantPart == blend)
        for count in 1...5 {
            let part = Array(blend.prefix(count))
            guard set.canMerge(part, under: Array(blend.dropFirst(count))) else { continue }
            try set.select(batch, over: set.merge(part))
            for agreement in try layers.agreements(with: expected) { #expect(agreement.error < 1e-5, "\(agreement)") }
        }
        #expect(set.canMerge(blend, under: []))
    }

    @Test("DoRA's gain cannot act on a layer that is merged, but may be merged itself")
    func gains() throws {
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        for name in ["dora", "oft", "lora"] { try set.insert(layers.load(name)) }
        let (dora, oft, lora) = (BlendEntry("dora"), BlendEntry("oft"), BlendEntry("lora"))
        #expect(!set.canMerge([lora], under: [dora]))
        #expect(set.canMerge([dora], under: [oft, lora]))
        #expect(set.canMerge([lora], under: [oft]))
    }

    @Test("Taking a merged copy away leaves the base's answers and weights, bit for bit")
    func restores() throws {
        let layers = try FixtureLayers()
        func answers() throws -> [[Float]] { try layers.index.paths.map { try layers.effective($0).weight } }
        let base = try answers()
        let weights = try layers.index.paths.map { try #require(layers.index[$0]).weight.bytes() }
        let set = AdapterSet(index: layers.index)
        for name in ["dora", "lora-all-biases", "oft"] { try set.insert(layers.load(name)) }
        let blend = [BlendEntry("dora"), BlendEntry("lora-all-biases", weight: -0.5), BlendEntry("oft")]
        let copy = try set.merge(blend)
        #expect(try answers() == base, "merging alone changes nothing")
        try set.select(BatchBlend(items: [blend], positions: 1), over: copy)
        #expect(try answers() != base)
        try set.select([])
        #expect(try answers() == base)
        #expect(try layers.index.paths.map { try #require(layers.index[$0]).weight.bytes() } == weights)
    }

    @Test("In bfloat16 a merged copy is the float32 sum rounded once")
    func bfloat16() throws {
        let layers = try FixtureLayers(dtype: .bfloat16)
        let set = AdapterSet(index: layers.index)
        try set.insert(layers.load("full", dtype: .bfloat16))
        let difference = try TensorFile(path: FixtureLayers.path("full/weights.safetensors"))
        let path = "layers.0.self_attn.q_proj"
        let layer = try #require(layers.index[path])
        let own = try layer.weight.to(.float32).floats()
        let change = try Tensor(
            difference.entry("lycoris_layers_0_self_attn_q_proj.diff").floats,
            shape: layer.weight.shape
        ).to(.bfloat16).to(.float32).floats()
        let blend = [BlendEntry("full", weight: 0.3)]
        try set.select(BatchBlend(items: [blend], positions: 1), over: set.merge(blend))
        let sum = zip(own, change).map { Float($0 + 0.3 * $1) }
        let expected = try Tensor(sum, shape: layer.weight.shape).to(.bfloat16).to(.float32).floats()
        let merged = try #require(layer.merged).weight.to(.float32).floats()
        // One rounding: where float32's own last bit decides, the neighbour.
        let differing = zip(merged, expected).count { $0 != $1 }
        #expect(differing <= 1)
    }

    @Test("What is constant everywhere is found, and nothing else")
    func constantPart() throws {
        let curve = try #require(StrengthCurve([.init(progress: 0, weight: 1), .init(progress: 1, weight: 0)]))
        let whole = BlendEntry("a", weight: 0.5)
        let curved = BlendEntry("b", weight: .curve(curve))
        let part = BlendEntry("c", positions: 2..<5)
        func constants(_ items: [[BlendEntry]]) -> [BlendEntry] { BatchBlend(items: items, positions: 9).constantPart }
        #expect(constants([[whole, curved, part]]) == [whole])
        #expect(constants([[whole, BlendEntry("d")], [BlendEntry("d"), whole]]) == [whole, BlendEntry("d")])
        #expect(constants([[whole], [BlendEntry("a", weight: 0.6)]]) == [])
        #expect(constants([[whole], []]) == [])
        #expect(constants([[BlendEntry("a", weight: 0)]]) == [])
        #expect(constants([[whole, BlendEntry("a", positions: 0..<3)]]) == [], "twice is for the branches to refuse")
        #expect(constants([]) == [])
    }
}
