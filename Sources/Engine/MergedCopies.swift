// SPDX-License-Identifier: Apache-2.0

import Adapters

/// The merged copies in memory, within a budget of bytes; the least recently used make room.
struct MergedCopies {
    private struct Entry {
        let copy: MergedCopy
        var lastUse: Int
    }

    private var entries: [AdapterPlanner.Key: Entry] = [:]
    private var uses = 0

    /// Bytes in memory.
    var byteCount: Int { entries.values.reduce(0) { $0 + $1.copy.byteCount } }

    /// How many there are.
    var count: Int { entries.count }

    /// Whether a set's copy is there.
    func contains(_ key: AdapterPlanner.Key) -> Bool { entries[key] != nil }

    /// A set's copy, if it is there; notes its use.
    mutating func take(_ key: AdapterPlanner.Key) -> MergedCopy? {
        uses += 1
        entries[key]?.lastUse = uses
        return entries[key]?.copy
    }

    /// Keeps a copy.
    mutating func insert(_ copy: MergedCopy, for key: AdapterPlanner.Key) {
        uses += 1
        entries[key] = Entry(copy: copy, lastUse: uses)
    }

    /// Drops the copies that this adapter is part of.
    mutating func remove(containing identity: String) {
        entries = entries.filter { key, _ in !key.members.contains { $0.identity == identity } }
    }

    /// Drops copies, the least recently used first, until the others take at most so many bytes.
    mutating func shrink(to budget: Int) {
        for (key, _) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) where byteCount > budget {
            entries[key] = nil
        }
    }
}
