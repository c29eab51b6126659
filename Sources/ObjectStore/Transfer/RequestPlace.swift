// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A request's place among those that may run at once.
///
/// It is held from before the request until its last byte is there, since an answer whose bytes nobody reads blocks a connection.
/// It is given back once: by `leave()`, at the latest when nobody holds it any more.
package final class RequestPlace: Sendable {
    /// When the request was allowed to start.
    package let taken = ContinuousClock.now
    private let giveBack: Mutex<(@Sendable () -> Void)?>

    init(giveBack: @escaping @Sendable () -> Void) { self.giveBack = Mutex(giveBack) }

    deinit { leave() }

    /// Gives the place to whoever waits for one.
    package func leave() {
        let action = giveBack.withLock { action in
            defer { action = nil }
            return action
        }
        action?()
    }
}
