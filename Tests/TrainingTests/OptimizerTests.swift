// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Layers
import TestSupport
import Testing
import Torch
import Training

/// Twenty steps under each schedule against torch.optim and torch's schedulers.
@Suite struct OptimizerTests {
    static let schedules = ["cosine", "cosine_restarts", "linear", "constant", "constant_with_warmup"]

    @Test("Twenty steps end where torch's end", arguments: schedules)
    func trajectory(_ kind: String) throws {
        let golden = try TrainingFixture.golden("turbo.schedules")
        let model = try TrainingFixture.model()
        var options = TrainingSession.Options(objective: Objective(times: .continuous(mean: -0.4, deviation: 1)))
        options.averageDecay = 0.9
        options.recomputed = [1]
        let session = try TrainingSession(
            model: model,
            design: #require(TrainingFixture.designs["self"]),
            seed: 1,
            options: options
        )
        try session.take(golden, prefix: "start.")
        try session.average?.restore(
            shadow: session.parameters.values.tensors.map { try $0.detach() },
            updateCount: 0
        )
        let generator = try TrainingFixture.generator()
        let batch = try TrainingFixture.batches(width: model.configuration.encoder.hidden)[0]
        let rates = try golden.entry("\(kind).rates").doubles
        let (losses, norms) = try (golden.entry("\(kind).losses").floats, golden.entry("\(kind).norms").floats)
        for (step, rate) in rates.enumerated() {
            let micro = try session.accumulate(batch, from: generator, share: 1)
            #expect(abs(micro.loss - Double(losses[step])) < 1e-5 * Double(losses[step]), "step \(step)")
            let norm = try session.step(learningRate: rate)
            #expect(abs(norm - Double(norms[step])) < 1e-4 * Double(norms[step]), "step \(step)")
        }
        for (position, parameter) in session.parameters.parameters.enumerated() {
            let end = try Agreement(
                parameter.name,
                parameter.value.detach(),
                with: golden,
                named: "\(kind).end.\(parameter.name)"
            )
            #expect(end.error < 1e-4, "\(end)")
            guard kind == "cosine", let average = session.average else { continue }
            let mean = try Agreement(
                parameter.name,
                average.shadow.tensors[position],
                with: golden,
                named: "\(kind).average.\(parameter.name)"
            )
            #expect(mean.error < 1e-4, "\(mean)")
        }
    }

    @Test("Averages take the parameters' place and give it back bit for bit")
    func averages() throws {
        let fixture = TrainingFixture(variant: "turbo", family: "self")
        let session = try fixture.session(fixture.golden())
        let average = try MovingAverage(session.parameters, decay: 0.5)
        let start = try session.parameters.values.tensors.map { try $0.floats() }
        try session.parameters.update { values in for tensor in values.tensors { try tensor.add(inPlace: 1) } }
        try average.update(from: session.parameters)
        let moved = try session.parameters.values.tensors.map { try $0.floats() }
        let inside = try average.withAverages(of: session.parameters) {
            try session.parameters.values.tensors.map { try $0.floats() }
        }
        for (a, b) in zip(inside.joined(), start.joined()) { #expect(abs(a - b - 0.5) < 1e-6) }
        #expect(try session.parameters.values.tensors.map { try $0.floats() } == moved)
    }

    @Test("The global norm is clipped, and reported as it was")
    func clipping() throws {
        let fixture = TrainingFixture(variant: "turbo", family: "self")
        let golden = try fixture.golden()
        let session = try fixture.session(golden)
        let batch = try TrainingFixture.batches(width: session.model.configuration.encoder.hidden)[0]
        _ = try session.accumulate(batch, from: TrainingFixture.generator(), share: 1000)
        let gradients = try session.parameters.gradients()
        let whole = try gradients.norm()
        #expect(whole > 1)
        #expect(try session.step(learningRate: 1e-3) == whole)
        // The step has used these very tensors.
        #expect(abs(try gradients.norm() - 1) < 1e-4)
    }
}
