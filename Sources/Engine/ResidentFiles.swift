// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// Which files the resident adapters were loaded from, so that a path that is asked for again is not loaded again.
struct ResidentFiles {
    /// What tells a file from another one that was put in its place.
    private struct Fingerprint: Equatable {
        let byteCount: UInt64
        let modified: Date
    }

    private var entries: [String: (name: String, fingerprint: Fingerprint)] = [:]

    /// The adapter that was loaded from a path, if the file there is still the same.
    func name(for path: String, weights: String) -> String? {
        guard let entry = entries[path], entry.fingerprint == Self.fingerprint(of: weights) else { return nil }
        return entry.name
    }

    /// Notes where an adapter was loaded from.
    mutating func note(_ name: String, path: String, weights: String) {
        guard let fingerprint = Self.fingerprint(of: weights) else { return }
        entries[path] = (name, fingerprint)
    }

    /// Forgets an adapter.
    mutating func forget(_ name: String) { entries = entries.filter { $0.value.name != name } }

    private static func fingerprint(of path: String) -> Fingerprint? {
        // A file that is gone has none: whoever opens it next says so.
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let byteCount = attributes[.size] as? UInt64, let modified = attributes[.modificationDate] as? Date
        else { return nil }
        return Fingerprint(byteCount: byteCount, modified: modified)
    }
}
