// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Layers
import TestSupport
import Testing
import Torch

/// How far bfloat16 may be from float32.
///
/// bfloat16 keeps 8 bits: each rounding is off by up to 2⁻⁹ of the value, 0.2 %. In a model of 12 to 20 channels few of them
/// cancel: diffusers' own bfloat16 conditions are off by 1.7 to 3.5 % of the largest magnitude on these fixtures (two
/// bfloat16 runs at real widths differ by 2 %). Latents gather eight velocities of that accuracy, each scaled by a step of at
/// most 0.3; the decoder has fewer roundings. The limits are half as much again as what was seen, and far below the
/// difference that a wrong term makes.
@Suite("bfloat16")
struct HalfPrecisionTests {
    private static let conditionLimit = 0.05
    private static let latentLimit = 0.035
    private static let audioLimit = 0.02

    @Test("A whole run is finite, has the right length and fits in [-1, 1]", arguments: ModelFixture.allCases)
    func wholeRun(fixture: ModelFixture) throws {
        let model = try fixture.load(.bfloat16)
        let request = try RequestFixture.read(fixture == .base || fixture == .sft ? "guided" : "instrumental")
        let recorded = try model.recorded(request)
        for (name, tensor) in recorded where tensor.dtype.isFloatingPoint {
            #expect(try tensor.isFinite, "\(name)")
        }
        #expect(recorded["latents.0"]?.dtype == .bfloat16)
        let audio = try #require(recorded["audio"])
        #expect(audio.shape == [1, 2, request.frames * 1920])
        let peak = try audio.abs().max().item()
        #expect(abs(peak - 0.891_250_9) < 1e-4)
    }

    /// The noise of a bfloat16 run is another stream of random numbers, so the steps are taken here from the golden noise.
    @Test(
        "Conditions, each step and the decoder stay near the float32 reference",
        arguments: [ModelFixture.turbo, .xl, .base]
    )
    func nearness(fixture: ModelFixture) throws {
        let golden = try ModelFixture.golden("outputs/\(fixture.rawValue).instrumental")
        let model = try fixture.load(.bfloat16, compatibility: .diffusers)
        let request = try RequestFixture.read("instrumental")
        let conditions = try model.conditions(of: model.tokens(of: Prompt(request)))
        let prompt = try Agreement("conditions", conditions, with: golden, named: "encoder_hidden_states")
        #expect(prompt.error <= Self.conditionLimit, "\(prompt)")

        let times = try Schedule(steps: 8, shift: 3).times
        let source = try model.silence(frames: request.frames)
        let context = try Tensor.cat(
            [source, Tensor.ones(source.shape, dtype: .bfloat16, device: .cpu)],
            dimension: -1
        )
        let plan = try model.transformer.plan(
            conditions: golden.tensor("encoder_hidden_states").to(.bfloat16),
            context: context,
            times: times.dropLast()
        )
        var latents = try golden.tensor("noise").to(.bfloat16)
        for step in 0..<8 {
            let velocity = try model.transformer.velocity(latents, step: step, plan: plan).to(.float32)
            let change = Double(times[step + 1] - times[step])
            latents = try latents.to(.float32).adding(velocity, alpha: change).to(.bfloat16)
        }
        let final = try Agreement("latents", latents, with: golden)
        #expect(final.error <= Self.latentLimit, "\(final)")
    }

    @Test("The decoder stays near the float32 reference")
    func decoder() throws {
        let golden = try ModelFixture.golden("parts/decoder")
        let audio = try ModelFixture.turbo.load(.bfloat16).decoder(golden.tensor("latents").to(.bfloat16))
        let agreement = try Agreement("audio", audio, with: golden)
        #expect(agreement.error <= Self.audioLimit, "\(agreement)")
    }
}
