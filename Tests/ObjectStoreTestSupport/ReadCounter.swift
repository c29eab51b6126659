// SPDX-License-Identifier: Apache-2.0

package import ObjectStore
import Synchronization

/// A store that counts what is read from it; writes pass through.
package final class ReadCounter: ForwardingStore {
    /// The wrapped store.
    package let base: any ObjectStore
    private let counts = Mutex((requests: 0, bytes: 0))

    /// Wraps a store.
    package init(_ base: any ObjectStore) { self.base = base }

    /// How many reads there were.
    package var requests: Int { counts.withLock(\.requests) }
    /// The bytes of the ranges that were asked for.
    package var bytes: Int { counts.withLock(\.bytes) }

    /// Counts, and reads.
    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        let body = try await base.get(key, options)
        counts.withLock { counts in
            counts.requests += 1
            counts.bytes += body.range.count
        }
        return body
    }
}
