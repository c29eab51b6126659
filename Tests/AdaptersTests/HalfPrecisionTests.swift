// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Layers
import TestSupport
import Testing
import Torch

/// In bfloat16 two correct programs differ by its rounding, which is a twelfth of an effect of 3 %: hence both Lumina and the
/// libraries that own the families are held against float32 on the same stored numbers.
@Suite("Adapters of small effect in bfloat16")
struct HalfPrecisionTests {
    private static let path = "layers.0.self_attn.q_proj"

    private struct Stage {
        let layer: Linear
        let index = LinearIndex()
        let set: AdapterSet
        let outputs: TensorFile

        /// Loads a family's adapter on the layer that it was made for, both as stored in bfloat16.
        init(_ family: String) throws {
            let base = try TensorFile(path: FixtureLayers.path("bfloat16/base.safetensors"))
            let weight = try base.entry(HalfPrecisionTests.path + ".weight")
            layer = Linear(
                path: HalfPrecisionTests.path,
                weight: try Tensor(weight.floats, shape: weight.shape).to(.bfloat16)
            )
            index.add(layer)
            set = AdapterSet(index: index)
            outputs = try TensorFile(path: FixtureLayers.path("bfloat16/outputs.safetensors"))
            let description = try AdapterDescription(contentsOf: FixtureLayers.path("bfloat16/" + family))
            try set.insert(AdapterLoader.load(description, onto: index, named: family, dtype: .bfloat16))
        }

        func output() throws -> [Float] {
            let input = try outputs.entry("x")
            return try layer(Tensor(input.floats, shape: input.shape).to(.bfloat16)).to(.float32).floats()
        }

        /// The root of the sum of squared differences.
        func distance(_ values: [Float], _ reference: [Float]) -> Double {
            zip(values, reference).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
        }

        func floats(_ name: String) throws -> [Float] { try outputs.entry(name).floats }
    }

    @Test(
        "Branches and merged copies are no farther from float32 than the family's library is",
        arguments: ["lora", "dora", "oft", "lokr", "loha"],
        [AdapterMode.branches, .merged]
    )
    func nearness(family: String, mode: AdapterMode) throws {
        let stage = try Stage(family)
        let (truth, library) = (try stage.floats(family + ".truth"), try stage.floats(family + ".library"))
        let base = try stage.floats("base.truth")
        let blend = [BlendEntry(family)]
        let copy = mode == .merged ? try stage.set.merge(blend) : nil
        try stage.set.select(BatchBlend(items: [blend], positions: 1), over: copy)
        let own = try stage.output()
        let (error, theirs) = (stage.distance(own, truth), stage.distance(library, truth))
        let effect = stage.distance(truth, base)
        #expect(effect > 0.02 * stage.distance(base, base.map { _ in 0 }), "there must be an effect")
        // Other processors add up in other orders, which turns a few roundings.
        #expect(error < 1.05 * theirs, "\(error / effect) of the effect, the library \(theirs / effect)")
        #expect(error < 0.2 * effect)
    }

    /// How a blend is computed.
    enum AdapterMode: Sendable {
        case branches, merged
    }
}
