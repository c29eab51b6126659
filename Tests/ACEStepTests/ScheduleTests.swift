// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Testing

@Suite("Schedules")
struct ScheduleTests {
    @Test("Shift 3 with eight steps gives the turbo table")
    func turbo() throws {
        let schedule = try Schedule(steps: 8, shift: 3)
        let table: [Float] = [1, 0.9545455, 0.9, 0.8333333, 0.75, 0.64285713, 0.5, 0.3, 0]
        #expect(schedule.times.count == 9)
        for (time, expected) in zip(schedule.times, table) { #expect(abs(time - expected) <= 6e-8) }
    }

    @Test("The original's turbo times are rounded to bfloat16")
    func rounded() throws {
        #expect(
            try Schedule(steps: 8, shift: 3, precision: .roundedToBFloat16).times
                == [1, 0.953125, 0.8984375, 0.83203125, 0.75, 0.64453125, 0.5, 0.30078125, 0]
        )
        #expect(
            try Schedule(steps: 8, shift: 2, precision: .roundedToBFloat16).times
                == [1, 0.93359375, 0.85546875, 0.76953125, 0.66796875, 0.546875, 0.400390625, 0.22265625, 0]
        )
    }

    @Test("Shift 1 is an even division", arguments: [1, 2, 7, 50])
    func even(steps: Int) throws {
        let times = try Schedule(steps: steps, shift: 1).times
        #expect(times.count == steps + 1)
        #expect(times.first == 1)
        #expect(times.last == 0)
        for (step, time) in times.enumerated() {
            #expect(abs(Double(time) - (1 - Double(step) / Double(steps))) < 1e-6)
        }
    }
}
