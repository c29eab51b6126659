// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Checkpoints
import Layers
import ModelTestSupport
import TestSupport
import Testing
import Torch

@Suite("Parts held against the reference")
struct PartsTests {
    static let limit = 1e-4

    @Test("The text encoder's states, the lyric encoder's and the timbre vector")
    func conditions() throws {
        let golden = try ModelFixture.golden("parts/conditions")
        let model = try ModelFixture.turbo.load()
        let ids = try golden.entry("ids")
        let states = try model.textEncoder(Tensor(ids.int64s, shape: ids.shape))
        let embedded = try model.textEncoder.embed(Tensor(ids.int64s, shape: ids.shape))
        let clip = try model.silence(frames: model.configuration.timbreFrames)
        for agreement in [
            try Agreement("text", states, with: golden), try Agreement("embedded", embedded, with: golden),
            try Agreement("lyric", model.conditionEncoder.lyrics(golden.tensor("embedded")), with: golden),
            try Agreement("timbre", model.conditionEncoder.timbre(clip), with: golden),
        ] {
            #expect(agreement.error <= Self.limit, "\(agreement)")
        }
    }

    @Test("The velocity at two times, and the time conditioning", arguments: [ModelFixture.turbo, .xl])
    func velocity(fixture: ModelFixture) throws {
        let golden = try ModelFixture.golden("parts/velocity." + fixture.rawValue)
        let model = try fixture.load()
        let times = try golden.entry("t").floats
        for (item, time) in times.enumerated() {
            func part(_ name: String) throws -> Tensor { try golden.tensor(name).slice(0, from: item, to: item + 1) }
            let plan = try model.transformer.plan(
                conditions: part("conditions"),
                context: part("context"),
                times: [time]
            )
            let velocity = try model.transformer.velocity(part("x"), step: 0, plan: plan)
            let agreement = try Agreement("velocity at \(time)", velocity, with: part("velocity"))
            #expect(agreement.error <= Self.limit, "\(agreement)")
        }
        let time = try model.transformer.time(golden.tensor("t"))
        for agreement in [
            try Agreement("time_embed", time.embedding, with: golden),
            try Agreement("time_projection", time.modulation, with: golden),
        ] {
            #expect(agreement.error <= Self.limit, "\(agreement)")
        }
    }

    @Test("A batch gives each item the velocity that it has alone")
    func velocityOfBatch() throws {
        let golden = try ModelFixture.golden("parts/velocity.turbo")
        let model = try ModelFixture.turbo.load()
        let together = try model.transformer.plan(
            conditions: golden.tensor("conditions"),
            context: golden.tensor("context"),
            times: [0.9, 0.3]
        )
        for step in 0..<2 {
            let both = try model.transformer.velocity(golden.tensor("x"), step: step, plan: together)
            let item = try Agreement(
                "item \(step)",
                both.slice(0, from: step, to: step + 1),
                with: golden.tensor("velocity").slice(0, from: step, to: step + 1)
            )
            #expect(item.error <= Self.limit, "\(item)")
        }
    }

    @Test("Four steps of guidance with its momentum")
    func guidance() throws {
        let golden = try ModelFixture.golden("parts/guidance")
        var guidance = AdaptiveProjectedGuidance(scale: 7)
        for step in 0..<4 {
            let guided = try guidance(
                conditional: golden.tensor("conditional.\(step)"),
                unconditional: golden.tensor("unconditional.\(step)")
            )
            let agreement = try Agreement("guided.\(step)", guided, with: golden)
            #expect(agreement.error <= Self.limit, "\(agreement)")
        }
    }

    @Test("Guidance of 1 leaves the velocity alone")
    func noGuidance() throws {
        let golden = try ModelFixture.golden("parts/guidance")
        var guidance = AdaptiveProjectedGuidance(scale: 1)
        let conditional = try golden.tensor("conditional.0")
        let guided = try guidance(conditional: conditional, unconditional: golden.tensor("unconditional.0"))
        #expect(try guided.floats() == conditional.floats())
    }

    @Test("Every time of the schedules, to the last bit but one")
    func schedules() throws {
        let golden = try ModelFixture.golden("parts/schedules")
        #expect(golden.names.count == 20)
        for name in golden.names {
            let numbers = name.dropFirst("steps".count).split(separator: ".", maxSplits: 1)
            let steps = try #require(Int(numbers[0]))
            let shift = try #require(Double(numbers[1].dropFirst("shift".count)))
            let times = try Schedule(steps: steps, shift: shift).times
            let expected = try golden.entry(name).floats
            #expect(times.count == expected.count, "\(name)")
            for (time, reference) in zip(times, expected) {
                #expect(abs(time - reference) <= reference.ulp, "\(name): \(time), expected \(reference)")
            }
        }
    }

    @Test("The decoder's waveform before it is normalised")
    func decoder() throws {
        let golden = try ModelFixture.golden("parts/decoder")
        let audio = try ModelFixture.turbo.load().decoder(golden.tensor("latents"))
        let agreement = try Agreement("audio", audio, with: golden)
        #expect(agreement.error <= Self.limit, "\(agreement)")
    }

    @Test("The decoder of another autoencoder, with four latent channels and its encoder in the same file")
    func wholeAutoencoder() throws {
        let directory = TestProducts.modelFixture("parts/autoencoder")
        let golden = try ModelFixture.golden("parts/autoencoder/expected")
        let decoder = try Autoencoder.decoder(directory)
        let agreement = try Agreement("decoded", decoder(golden.tensor("mean")), with: golden)
        #expect(agreement.error <= Self.limit, "\(agreement)")
    }
}
