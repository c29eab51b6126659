// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Checkpoints
import TestSupport
import Testing
import Torch

@Suite("Runs held against the reference")
struct GoldenRunTests {
    /// What design.md promises; two implementations in float32 show about 1e-6.
    private static let limit = 1e-4

    @Test("The fixtures hold runs of every model, with adapters, with guidance and with the timbre token")
    func coverage() {
        #expect(Set(GoldenRun.all.map(\.model)) == Set(ModelFixture.allCases))
        #expect(GoldenRun.all.contains { !$0.adapters.isEmpty })
        #expect(GoldenRun.all.contains { $0.request == "guided" })
        #expect(GoldenRun.all.contains { $0.name.hasSuffix("timbre-token") })
    }

    @Test("Ids and noise are equal; conditions, latents and audio agree", arguments: GoldenRun.all)
    func agreement(run: GoldenRun) throws {
        let golden = try run.golden()
        let recorded = try run.recorded()
        for name in golden.names where name != "audio.every32" {
            let values = try #require(recorded[name], "the run shows no '\(name)'")
            let expected = try golden.entry(name)
            if expected.dtype == .int64 {
                #expect(try values.int64s() == expected.int64s, "\(name)")
                continue
            }
            #expect(values.shape == expected.shape, "\(name)")
            if name == "noise" {
                #expect(try values.floats().map(\.bitPattern) == expected.floats.map(\.bitPattern), "the noise's bits")
            }
            let agreement = try Agreement(name, values, with: golden)
            #expect(agreement.error <= Self.limit, "\(agreement)")
        }
        let audio = try #require(recorded["audio"])
        let sampled = try audio.reshape([1, 2, -1, 32]).select(3, 0)
        let agreement = try Agreement("audio", sampled, with: golden, named: "audio.every32")
        #expect(agreement.error <= Self.limit, "\(agreement)")
    }

    @Test("The effect of a blend of adapters, with less without, agrees within a percent")
    func effect() throws {
        let blend = try #require(GoldenRun.all.first { !$0.adapters.isEmpty })
        let base = try #require(
            GoldenRun.all.first { $0.model == blend.model && $0.request == blend.request && $0.adapters.isEmpty }
        )
        let (with, without) = (try blend.recorded(), try base.recorded())
        let (goldenWith, goldenWithout) = (try blend.golden(), try base.golden())
        for name in ["latents.0", "latents"] {
            let effect = try #require(with[name]) - #require(without[name])
            let expected = try goldenWith.tensor(name) - goldenWithout.tensor(name)
            let agreement = try Agreement("the effect on \(name)", effect, with: expected)
            #expect(agreement.error <= 0.01, "\(agreement)")
        }
        #expect(try (goldenWith.tensor("latents") - goldenWithout.tensor("latents")).abs().max().item() > 1e-2)
    }

    @Test("The timbre token of the XL models makes a difference, and only to them")
    func timbreToken() throws {
        let request = try RequestFixture.read("instrumental")
        func conditions(_ model: ModelFixture, _ compatibility: Compatibility) throws -> [Float] {
            let model = try model.load(compatibility: compatibility)
            return try model.conditions(of: model.tokens(of: Prompt(request))).floats()
        }
        #expect(try conditions(.xl, .standard) != conditions(.xl, .diffusers))
        #expect(try conditions(.xl, .standard) == conditions(.xl, .original))
        #expect(try conditions(.turbo, .standard) == conditions(.turbo, .diffusers))
    }
}
