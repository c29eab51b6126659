// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A clock that moves on by a step at every look.
final class SteppingClock: Sendable {
    private let time: Mutex<Date>
    private let step: TimeInterval

    init(step: TimeInterval, start: Date = Date()) {
        time = Mutex(start)
        self.step = step
    }

    func next() -> Date {
        time.withLock { time in
            defer { time += step }
            return time
        }
    }

    /// Moves the clock.
    func advance(_ interval: TimeInterval) { time.withLock { $0 += interval } }
}
