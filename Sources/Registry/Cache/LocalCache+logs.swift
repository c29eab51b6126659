// SPDX-License-Identifier: Apache-2.0

import Crypto
import ObjectStore

extension LocalCache {
    private static let maximumLogByteCount = 256 << 20

    /// Keeps a log for the time when the store cannot be reached.
    public func keep(_ history: LogHistory, place: String) async {
        // Without it names cannot be resolved offline, and that is said then.
        try? await FileThreads.run {
            let path = logPath(history.name, history.kind, place)
            if let known = try LocalDirectory.status(path), known.size == history.lines.count { return }
            try SmallFile.write(history.lines, to: path)
        }
    }

    /// The last known log of a name; nil when there is none or it is damaged.
    public func history(of name: RegistryName, kind: RegistryKind, place: String) async throws -> LogHistory? {
        try await FileThreads.run {
            let path = logPath(name, kind, place)
            guard let lines = try SmallFile.read(path, limit: Self.maximumLogByteCount) else { return nil }
            // What was damaged is read from the store again.
            return try? LogHistory(lines: lines, kind: kind, name: name)
        }
    }

    private func logPath(_ name: RegistryName, _ kind: RegistryKind, _ place: String) -> String {
        "\(directory)/logs/\(Self.folder(of: place))/\(kind.rawValue)/\(name).jsonl"
    }

    /// A folder for what was read from a store.
    static func folder(of place: String) -> String {
        String(Hexadecimal.encode(SHA256.hash(data: Array(place.utf8))).prefix(24))
    }

    // MARK: Foreign prefixes

    /// The digest that objects with these tags were found to have.
    func digest(ofForeign key: String) async throws -> String? {
        try await FileThreads.run {
            let path = directory + "/links/" + Self.folder(of: key)
            guard let bytes = try SmallFile.read(path, limit: 64) else { return nil }
            let digest = String(decoding: bytes, as: UTF8.self)
            return SHA256Text.isValid(digest) ? digest : nil
        }
    }

    /// Notes the digest of objects with these tags.
    func note(_ digest: String, ofForeign key: String) async {
        // Without the note the objects are fetched again.
        try? await FileThreads.run {
            try SmallFile.write(Array(digest.utf8), to: directory + "/links/" + Self.folder(of: key))
        }
    }
}
