// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Notes SIGINT and SIGTERM while a run is under way, so that it can save first.
///
/// A second signal ends the process as it would without a watch.
package final class SignalWatch: Sendable {
    private static let noted = Atomic<Int32>(0)
    private static let watched = [SIGINT, SIGTERM]

    /// Begins to watch; there is one watch at a time.
    package init() {
        Self.noted.store(0, ordering: .relaxed)
        for number in Self.watched {
            _ = signal(number) { SignalWatch.note($0) }
        }
    }

    deinit {
        for number in Self.watched { _ = signal(number, SIG_DFL) }
    }

    /// The signal that came, if one did.
    package var received: Int32? {
        let number = Self.noted.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Runs on whatever thread the signal interrupts: an atomic and `signal` are all it may touch.
    private static func note(_ number: Int32) {
        noted.store(number, ordering: .relaxed)
        _ = signal(number, SIG_DFL)
    }
}
