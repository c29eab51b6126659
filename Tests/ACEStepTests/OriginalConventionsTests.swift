// SPDX-License-Identifier: Apache-2.0

import ACEStep
import TestSupport
import Testing
import Torch

@Suite("The original's conventions")
struct OriginalConventionsTests {
    @Test("Short pieces are denoised as 128 frames and cut")
    func shortest() throws {
        let model = try ModelFixture.turbo.load(compatibility: .original)
        let request = try RequestFixture.read("instrumental")
        let recorded = try model.recorded(request)
        #expect(recorded["noise"]?.shape == [1, 128, 64])
        #expect(recorded["latents.0"]?.shape == [1, 128, 64])
        #expect(recorded["latents"]?.shape == [1, 13, 64])
        #expect(recorded["audio"]?.shape == [1, 2, 13 * 1920])
    }

    @Test("Long pieces keep their length")
    func longer() throws {
        var request = try RequestFixture.read("instrumental")
        (request.duration, request.steps) = (6, 1)
        let recorded = try ModelFixture.turbo.load(compatibility: .original).recorded(request)
        #expect(recorded["noise"]?.shape == [1, 150, 64])
    }

    @Test("Turbo's times are float32 ones rounded to bfloat16, and they are what the steps take")
    func schedule() throws {
        var request = try RequestFixture.read("instrumental")
        (request.duration, request.steps) = (6, 2)
        let original = try ModelFixture.turbo.load(compatibility: .original)
        let recorded = try original.recorded(request)
        let times = try Schedule(steps: 2, shift: 3, precision: .roundedToBFloat16).times
        let (noise, first) = (try #require(recorded["noise"]), try #require(recorded["latents.0"]))
        let source = try original.silence(frames: 150)
        let plan = try original.transformer.plan(
            conditions: #require(recorded["encoder_hidden_states"]),
            context: Tensor.cat([source, Tensor.ones(source.shape, dtype: .float32, device: .cpu)], dimension: -1),
            times: times.dropLast()
        )
        let velocity = try original.transformer.velocity(noise, step: 0, plan: plan)
        let expected = try noise.adding(velocity, alpha: Double(times[1] - times[0]))
        let agreement = try Agreement("latents.0", first, with: expected)
        #expect(agreement.error < 1e-6, "\(agreement)")
    }

    @Test("Base and sft times are computed in bfloat16", arguments: [(4, 1.0), (50, 1.0), (27, 1.7)])
    func bfloat16Schedule(steps: Int, shift: Double) throws {
        let times = try Schedule(steps: steps, shift: shift, precision: .bfloat16).times
        #expect(times.allSatisfy { $0.bitPattern & 0xFFFF == 0 })
        let exact = try Schedule(steps: steps, shift: shift).times
        for (time, reference) in zip(times, exact) { #expect(abs(time - reference) <= 0.02) }
    }
}
