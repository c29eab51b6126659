// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Layers
import TestSupport
import Testing
import Torch

@Suite("Families against the libraries that own them")
struct FamilyTests {
    /// float32 of products of a few terms: 1e-7 each; the issue asks for 1e-5.
    private static let tolerance = 1e-5

    @Test(
        "The effective weight is W + w·(W′ − W)",
        arguments: FixtureLayers.adapters,
        [-1, 0, 0.3, 1, 2]
    )
    func effectiveWeight(name: String, weight: Double) throws {
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        try set.insert(layers.load(name))
        try set.select([BlendEntry(name, weight: .constant(weight))])
        for agreement in try layers.agreements(with: layers.expected([(name, weight)])) {
            #expect(agreement.error < Self.tolerance, "\(agreement)")
        }
    }

    @Test("Blends of families add up, whatever their order", arguments: 0..<24)
    func blends(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        let names = Array(FixtureLayers.adapters.shuffled(using: &generator).prefix(5))
        let blend = names.map { (name: $0, weight: Double.random(in: -1...2, using: &generator)) }
        for (name, _) in blend { try set.insert(layers.load(name)) }
        let entries = blend.map { BlendEntry($0.name, weight: .constant($0.weight)) }
        try set.select(entries)
        for agreement in try layers.agreements(with: layers.expected(blend)) {
            #expect(agreement.error < Self.tolerance, "\(names): \(agreement)")
        }
        let first = try layers.index.paths.map { try layers.effective($0).weight }
        try set.select(entries.reversed())
        #expect(try layers.index.paths.map { try layers.effective($0).weight } == first)
    }

    /// One adapter of each family, as a single request may ask for them.
    private static let five = ["lora", "dora", "oft", "lokr-dora-input", "loha"]

    @Test("All five families act together at one weight", arguments: [-1, 0, 0.3, 1, 2])
    func five(weight: Double) throws {
        let layers = try FixtureLayers()
        let set = AdapterSet(index: layers.index)
        for name in Self.five { try set.insert(layers.load(name)) }
        try set.select(Self.five.map { BlendEntry($0, weight: .constant(weight)) })
        let blend = Self.five.map { (name: $0, weight: weight) }
        for agreement in try layers.agreements(with: layers.expected(blend)) {
            #expect(agreement.error < Self.tolerance, "\(agreement)")
        }
    }

    @Test(
        "On a bfloat16 base the effect is the reference's within the type's rounding",
        arguments: FixtureLayers.adapters
    )
    func bfloat16(name: String) throws {
        let layers = try FixtureLayers(dtype: .bfloat16)
        let set = AdapterSet(index: layers.index)
        var bases: [String: [Float]] = [:]
        for path in layers.index.paths { bases[path] = try layers.effective(path).weight }
        try set.insert(layers.load(name, dtype: .bfloat16))
        try set.select([BlendEntry(name)])
        let expected = try layers.expected([(name, 1)])
        for path in layers.index.paths {
            let base = try #require(bases[path])
            let stored = try layers.stored.entry(path + ".weight").floats
            let reference = zip(try #require(expected[path + ".weight"]), stored).map { $0 - $1 }
            let values = zip(try layers.effective(path).weight, base).map { $0 - $1 }
            let error = rootMeanSquare(zip(values, reference).map { $0 - $1 })
            // 1 % of the effect, and the rounding of the outputs themselves to 8 bits, which adapter and base each suffer
            // a few times: their biases are in the output too.
            let rounding = 3 * rootMeanSquare(zip(base, reference).map { $0 + $1 } + [1]) / 256
            #expect(error < 0.01 * rootMeanSquare(reference) + rounding, "\(path): \(error)")
        }
    }

    @Test("Factors stay those of the file: nothing is copied where types agree")
    func mapped() throws {
        let layers = try FixtureLayers()
        for name in ["lora", "lokr-second", "loha"] {
            let adapter = try layers.load(name)
            // Only the convolution's whole difference takes more than its factors.
            #expect(adapter.byteCount < 12 * 12 * 4 + adapter.description.byteCount)
        }
        #expect(try layers.load("lora-biases").byteCount == layers.load("lora-biases").description.byteCount)
    }

    private func rootMeanSquare(_ values: [Float]) -> Double {
        (values.reduce(0) { $0 + Double($1) * Double($1) } / Double(max(1, values.count))).squareRoot()
    }
}
