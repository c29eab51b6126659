// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import ObjectStoreTestSupport
import Synchronization

/// A store that counts requests, and can be out of reach.
final class CountingStore: ForwardingStore {
    private struct State {
        var counts: [String: Int] = [:]
        var isOut = false
    }

    let base: any ObjectStore
    private let state = Mutex(State())

    init(_ base: any ObjectStore) { self.base = base }

    var total: Int { state.withLock { $0.counts.values.reduce(0, +) } }

    func count(of operation: String) -> Int { state.withLock { $0.counts[operation] ?? 0 } }

    /// From now on nothing can be reached, or everything again.
    func setOut(_ isOut: Bool) { state.withLock { $0.isOut = isOut } }

    func willAsk(_ operation: String) throws {
        let isOut = state.withLock { state in
            state.counts[operation, default: 0] += 1
            return state.isOut
        }
        if isOut {
            throw ObjectStoreError(
                .connectionFailed,
                operation: operation,
                location: location,
                message: "nobody answers"
            )
        }
    }
}
