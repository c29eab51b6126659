// SPDX-License-Identifier: Apache-2.0

import Adapters
import Layers
import TestSupport
import Testing
import Torch

@Suite("Sets of adapters")
struct AdapterSetTests {
    /// What every layer answers to the same input, as bytes.
    private func answers(_ layers: FixtureLayers) throws -> [[UInt8]] {
        try layers.index.paths.map { path in
            let layer = try #require(layers.index[path])
            let count = 3 * layer.inputFeatures
            let input = try Tensor((0..<count).map { Float($0 % 7) - 3 }, shape: [1, 3, layer.inputFeatures])
            return try layer(input).bytes()
        }
    }

    @Test("However adapters come and go, the base's answers and weights stay, bit for bit", arguments: 0..<4)
    func restores(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        let base = try answers(layers)
        let weights = try layers.index.paths.map { try #require(layers.index[$0]).weight.bytes() }
        var alone: [String: [[UInt8]]] = [:]
        for _ in 0..<150 {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                let name = FixtureLayers.adapters.randomElement(using: &generator) ?? "lora"
                if set[name] == nil { try set.insert(layers.load(name)) }
            case 1: if let name = set.names.randomElement(using: &generator) { try set.remove(named: name) }
            case 2:
                let names = set.names.shuffled(using: &generator).prefix(4)
                let weight = Double.random(in: -1...2, using: &generator)
                try set.select(names.map { BlendEntry($0, weight: .constant(weight)) })
            default:
                guard let name = set.names.randomElement(using: &generator) else { continue }
                try set.select([BlendEntry(name)])
                let now = try answers(layers)
                #expect(alone.updateValue(now, forKey: name) ?? now == now, "\(name) plays as before")
            }
            if Bool.random(using: &generator) {
                try set.select([])
                #expect(try answers(layers) == base)
            }
        }
        for name in set.names { try set.remove(named: name) }
        #expect(try answers(layers) == base)
        #expect(try layers.index.paths.map { try #require(layers.index[$0]).weight.bytes() } == weights)
    }

    @Test("A weight of 0 attaches nothing")
    func zero() throws {
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        try set.insert(layers.load("dora"))
        try set.select([BlendEntry("dora", weight: 0)])
        #expect(layers.index.paths.allSatisfy { layers.index[$0]?.branches.isEmpty == true })
    }

    @Test("Unloading an adapter that acts leaves the rest of the blend")
    func unload() throws {
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        try set.insert(layers.load("oft"))
        try set.insert(layers.load("loha"))
        try set.select([BlendEntry("loha", weight: 0.5)])
        let rest = try answers(layers)
        try set.select([BlendEntry("oft", weight: 2), BlendEntry("loha", weight: 0.5)])
        try set.remove(named: "oft")
        #expect(try answers(layers) == rest)
    }

    @Test("Each item of a batch has its own families, and what the others have does not matter")
    func items() throws {
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        let blends = [["dora", "lokr-both"], [], ["oft-series", "loha-dora"], ["full"]].map {
            $0.map { BlendEntry($0) }
        }
        for name in Set(blends.joined().map(\.name)) { try set.insert(layers.load(name)) }
        for path in layers.index.paths {
            let layer = try #require(layers.index[path])
            let count = 2 * layer.inputFeatures * blends.count
            let input = try Tensor(
                (0..<count).map { Float($0 % 11) - 5 },
                shape: [blends.count, 2, layer.inputFeatures]
            )
            try set.select(items: blends)
            let together = try layer(input)
            for (item, blend) in blends.enumerated() {
                try set.select(blend)
                let alone = try layer(input.slice(0, from: item, to: item + 1)).floats()
                let found = try together.slice(0, from: item, to: item + 1).floats()
                let agreement = Agreement("item \(item)", found, alone, shape: [1, 2, layer.outputFeatures])
                #expect(agreement.error < 1e-5, "\(path): \(agreement)")
            }
        }
    }

    @Test("Mistakes in a blend are refused by name, and the blend that acts stays")
    func mistakes() throws {
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        try set.insert(layers.load("lora"))
        try set.select([BlendEntry("lora")])
        let acting = try answers(layers)
        #expect(throws: AdapterError.duplicateName(adapter: "lora")) { try set.insert(layers.load("lora")) }
        #expect(throws: AdapterError.unknownName(adapter: "x", loaded: ["lora"])) { try set.select([BlendEntry("x")]) }
        #expect(throws: AdapterError.unknownName(adapter: "x", loaded: ["lora"])) { try set.remove(named: "x") }
        #expect(throws: AdapterError.selectedTwice(adapter: "lora")) {
            try set.select([BlendEntry("lora"), BlendEntry("lora", weight: 2)])
        }
        #expect(throws: AdapterError.invalidWeight(adapter: "lora", weight: .infinity)) {
            try set.select([BlendEntry("lora", weight: .constant(.infinity))])
        }
        #expect(try answers(layers) == acting)
    }
}
