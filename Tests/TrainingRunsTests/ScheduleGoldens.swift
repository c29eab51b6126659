// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import TrainingRuns

/// Torch's learning rates and Python's values of formulas, as `Scripts/schedule-goldens.py` wrote them.
struct ScheduleGoldens: Decodable, Sendable {
    struct Trajectory: Decodable, Sendable, CustomTestStringConvertible {
        let kind: String
        let base: Double
        let total: Int
        let warmup: Int
        let start: Double
        let floor: Double
        let restarts: Int
        let rates: [Double]

        var testDescription: String { "\(kind), \(total) steps, \(warmup) of warm-up" }

        var settings: ScheduleSettings {
            var settings = ScheduleSettings()
            settings.kind = ScheduleSettings.Kind(rawValue: kind) ?? .custom
            settings.warmupSteps = warmup
            settings.warmupStart = start
            settings.cosineFloor = floor
            settings.restarts = restarts
            return settings
        }
    }

    struct Formula: Decodable, Sendable, CustomTestStringConvertible {
        let formula: String
        /// Nil where Python raises an error, or the value is not finite.
        let values: [Double?]

        var testDescription: String { formula }

        enum CodingKeys: CodingKey { case formula, values }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            formula = try container.decode(String.self, forKey: .formula)
            var list = try container.nestedUnkeyedContainer(forKey: .values)
            var values: [Double?] = []
            while !list.isAtEnd {
                if let number = try? list.decode(Double.self) {
                    values.append(number)
                } else {
                    _ = try list.decode(String.self)
                    values.append(nil)
                }
            }
            self.values = values
        }
    }

    let schedules: [Trajectory]
    let formulas: [Formula]
    let steps: [Int]

    static let shared: ScheduleGoldens = {
        do {
            let url = Bundle.module.url(forResource: "Fixtures/schedules", withExtension: "json")
            return try JSONDecoder().decode(ScheduleGoldens.self, from: Data(contentsOf: try #require(url)))
        } catch {
            // A fixture that cannot be read is no fixture: tests without cases would pass.
            fatalError("Fixtures/schedules.json: \(error)")
        }
    }()
}
