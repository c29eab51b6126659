// SPDX-License-Identifier: Apache-2.0

import Testing
import TrainingRuns

@Suite("Learning rates")
struct LearningRateScheduleTests {
    private func schedule(
        _ kind: ScheduleSettings.Kind,
        formula: String = "",
        total: Int = 1000,
        warmup: Int = 100,
        base: Double = 3e-4
    ) throws -> LearningRateSchedule {
        var settings = ScheduleSettings()
        settings.kind = kind
        settings.formula = formula
        settings.warmupSteps = warmup
        return try LearningRateSchedule(
            settings,
            baseRate: base,
            totalSteps: total,
            stepsPerEpoch: 10,
            epochs: total / 10
        )
    }

    @Test("Every rate of a run is torch's", arguments: ScheduleGoldens.shared.schedules)
    func torch(_ golden: ScheduleGoldens.Trajectory) throws {
        let schedule = try LearningRateSchedule(golden.settings, baseRate: golden.base, totalSteps: golden.total)
        #expect(golden.rates.count == golden.total)
        for (done, rate) in golden.rates.enumerated() {
            // torch multiplies from step to step, which rounds a little differently than the closed form.
            #expect(abs(schedule.rate(after: done) - rate) <= 1e-9 * golden.base, "after \(done) steps")
        }
    }

    @Test("The documented vectors of Side-Step's schedules")
    func vectors() throws {
        let steps = [0, 50, 99, 100, 325, 550, 999]
        let expected: [(ScheduleSettings.Kind, [Double])] = [
            (.cosine, [3e-5, 1.65e-4, 2.973e-4, 3e-4, 2.56505e-4, 1.515e-4, 3.0009e-6]),
            (.linear, [3e-5, 1.65e-4, 2.973e-4, 3e-4, 2.2575e-4, 1.515e-4, 3.33e-6]),
            (.cosineRestarts, [3e-5, 1.65e-4, 2.973e-4, 3e-4, 3e-4, 3e-4, 3.01448e-6]),
        ]
        for (kind, rates) in expected {
            let schedule = try schedule(kind)
            for (step, rate) in zip(steps, rates) {
                #expect(abs(schedule.rate(after: step) - rate) < 1e-5 * rate, "\(kind) after \(step)")
            }
        }
    }

    @Test("Warm-up is at most a tenth of the run, and none is none")
    func warmup() throws {
        let long = try schedule(.constant, total: 200, warmup: 100)
        #expect(long.warmupSteps == 20)
        #expect(long.warnings.contains { $0.contains("20 steps instead of 100") })
        #expect(abs(long.rate(after: 10) - 3e-4 * 0.55) < 1e-12)
        let none = try schedule(.cosine, warmup: 0)
        #expect(none.rate(after: 0) == 3e-4)
        #expect(none.warnings.isEmpty)
    }

    @Test("A rate depends on its step and the total alone, and stays at the end behind it")
    func placement() throws {
        let short = try schedule(.cosine, total: 1000)
        let long = try schedule(.cosine, total: 2000)
        #expect(short.rate(after: 99) == long.rate(after: 99))
        #expect(short.rate(after: 600) < long.rate(after: 600))
        #expect(long.rate(after: 1999) < 1.01 * 3e-6)
        #expect(abs(short.rate(after: 1000) - 3e-6) < 1e-12)
        #expect(abs(short.rate(after: 5000) - 3e-6) < 1e-12)
    }

    @Test("Prodigy gets a constant rate and no formula")
    func prodigy() throws {
        var settings = ScheduleSettings()
        let schedule = try LearningRateSchedule(settings, baseRate: 1, totalSteps: 1000, optimizer: .prodigy)
        #expect(schedule.rate(after: 900) == 1)
        #expect(schedule.warnings.contains { $0.contains("constant instead of cosine") })
        settings.kind = .custom
        settings.formula = "base_lr"
        #expect(throws: TrainingRunsError.self) {
            try LearningRateSchedule(settings, baseRate: 1, totalSteps: 1000, optimizer: .prodigy)
        }
    }

    @Test("A formula counts its steps from the end of warm-up")
    func formula() throws {
        let schedule = try schedule(.custom, formula: "base_lr * (1 - progress)")
        #expect(abs(schedule.rate(after: 50) - 1.65e-4) < 1e-12, "warm-up")
        #expect(abs(schedule.rate(after: 100) - 3e-4) < 1e-15)
        #expect(abs(schedule.rate(after: 550) - 1.5e-4) < 1e-12)
        #expect(schedule.warnings.isEmpty, "\(schedule.warnings)")
        let epochs = try self.schedule(.custom, formula: "1e-4 * epoch / total_epochs + 1e-5", warmup: 0)
        #expect(abs(epochs.rate(after: 500) - 6e-5) < 1e-12)
    }

    @Test("Where a formula has no value the base rate is taken, after ten in a row for good")
    func failures() throws {
        let gap = try schedule(.custom, formula: "1e-5 / (step != 7)", warmup: 0)
        #expect(gap.rate(after: 6) == 1e-5)
        #expect(gap.rate(after: 7) == 3e-4)
        #expect(gap.rate(after: 8) == 1e-5)
        let ten = try schedule(.custom, formula: "-1 if 200 <= step < 210 else 1e-5", warmup: 0)
        #expect(ten.rate(after: 199) == 1e-5)
        #expect(ten.rate(after: 205) == 3e-4)
        #expect(ten.rate(after: 210) == 3e-4)
        #expect(ten.rate(after: 900) == 3e-4)
        #expect(ten.warnings.contains { $0.contains("before step 210") })
        let nine = try schedule(.custom, formula: "-1 if 200 <= step < 209 else 1e-5", warmup: 0)
        #expect(nine.rate(after: 209) == 1e-5)
    }

    @Test("A formula without a finite value at the beginning, the middle or the end is refused")
    func refusals() {
        for formula in ["1 / step", "1 / (step - 450)", "log(total_steps - 1 - step)", "exp(1e9)"] {
            let error = #expect(throws: TrainingRunsError.self, "\(formula)") {
                try schedule(.custom, formula: formula)
            }
            #expect("\(String(describing: error))".contains("formula"))
        }
    }

    @Test("Rates that are negative or train nothing are warned about")
    func warnings() throws {
        let negative = try schedule(.custom, formula: "base_lr * (0.6 - progress)", warmup: 0)
        #expect(negative.warnings.contains { $0.contains("negative at step 750") })
        let tiny = try schedule(.custom, formula: "1e-9", warmup: 0)
        #expect(tiny.warnings.contains { $0.contains("trains nothing") })
        #expect(try schedule(.cosine, formula: "base_lr").warnings.contains { $0.contains("is not used") })
    }
}
