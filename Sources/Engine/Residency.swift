// SPDX-License-Identifier: Apache-2.0

/// Which adapters are in memory, within a budget of bytes; the least recently used make room.
///
/// A pure value without I/O: it decides, the engine does. An adapter that made room is remembered by its path, so that asking
/// for it again loads it again.
package struct Residency: Sendable, Equatable {
    /// Where an adapter was loaded from.
    package struct Origin: Sendable, Equatable {
        /// As the caller named it.
        package let path: String
        /// The file's size and time, which tell it from another one put in its place.
        package let fingerprint: FileFingerprint?

        /// Names both.
        package init(path: String, fingerprint: FileFingerprint?) {
            self.path = path
            self.fingerprint = fingerprint
        }
    }

    private struct Entry: Sendable, Equatable {
        let origin: Origin
        /// Nil while it is not in memory.
        var byteCount: Int?
        var lastUse: Int
    }

    private var entries: [String: Entry] = [:]
    private var uses = 0
    /// Most bytes in memory; nil for no limit.
    package let budget: Int?

    package init(budget: Int?) { self.budget = budget }

    /// Bytes in memory.
    package var byteCount: Int { entries.values.reduce(0) { $0 + ($1.byteCount ?? 0) } }

    /// Where an adapter came from, in memory or not; nil if there never was one of this name.
    package func origin(of name: String) -> Origin? { entries[name]?.origin }

    /// Whether an adapter is in memory.
    package func isResident(_ name: String) -> Bool { entries[name]?.byteCount != nil }

    /// Whether a name is taken.
    package func isKnown(_ name: String) -> Bool { entries[name] != nil }

    /// The adapter that was loaded from this very file.
    package func name(of origin: Origin) -> String? {
        guard origin.fingerprint != nil else { return nil }
        return entries.filter { $0.value.origin == origin }.keys.min()
    }

    /// Notes that an adapter is in memory.
    package mutating func insert(_ name: String, origin: Origin, byteCount: Int) {
        uses += 1
        entries[name] = Entry(origin: origin, byteCount: byteCount, lastUse: uses)
    }

    /// Notes that a request uses an adapter.
    package mutating func touch(_ name: String) {
        uses += 1
        entries[name]?.lastUse = uses
    }

    /// Forgets an adapter altogether.
    package mutating func remove(_ name: String) { entries[name] = nil }

    /// What has to leave memory so that the budget holds, the least recently used first; notes that it left.
    ///
    /// - Parameter kept: what must stay although it may be over the budget: a running request's own adapters.
    /// - Returns: the names of those that have to leave; empty without a budget.
    package mutating func evict(keeping kept: Set<String>) -> [String] {
        guard let budget else { return [] }
        var evicted: [String] = []
        let candidates = entries.filter { $0.value.byteCount != nil && !kept.contains($0.key) }
            .sorted { $0.value.lastUse < $1.value.lastUse }.map(\.key)
        for name in candidates where byteCount > budget {
            entries[name]?.byteCount = nil
            evicted.append(name)
        }
        return evicted
    }
}
