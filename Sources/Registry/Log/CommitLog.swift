// SPDX-License-Identifier: Apache-2.0

import Crypto
import ObjectStore

/// Reads and extends the log of a name.
///
/// The log is the only truth. An entry is created with put-if-absent under the next number and never changed, so of all
/// who write a number exactly one succeeds, whatever breaks in between.
struct CommitLog: Sendable {
    /// How an attempt to extend the log ended.
    enum Outcome: Sendable {
        /// The entry is in the log, at the end of this history.
        case committed(LogHistory)
        /// Somebody else's is; the history goes as far as it is known now.
        case taken(LogHistory)
    }

    /// More entries than any name gets: a server that goes on for ever is not followed.
    static let maximumCount = 1_000_000
    private static let attemptCount = 8
    /// A checkpoint is written whenever so many entries have come.
    private static let checkpointInterval = 8

    let store: any ObjectStore
    let layout: KeyLayout
    let environment: RegistryEnvironment
    /// The store has no put-if-absent and the user said that nobody else writes.
    var isSingleWriter = false

    /// Reads on from where a history ends.
    ///
    /// Costs one request when nothing is new.
    func refresh(_ history: LogHistory) async throws -> LogHistory {
        var history = history
        while history.sequence < Self.maximumCount {
            let number = history.sequence + 1
            guard let bytes = try await read(history.name, number) else { return history }
            do {
                try history.append(bytes)
            } catch {
                // Somebody's lie, or bytes that broke on their way? Only what arrives twice is in the store.
                guard let again = try await read(history.name, number), again != bytes else { throw error }
                try history.append(again)
            }
        }
        throw RegistryError(.malformed, "the log of '\(history.name)' has more than \(Self.maximumCount) entries")
    }

    /// Reads a log from its start, by its checkpoint if it has a good one.
    func load(_ name: RegistryName) async throws -> LogHistory {
        try await refresh(checkpoint(name) ?? LogHistory(kind: layout.kind, name: name))
    }

    /// Adds an entry after a history.
    func append(
        _ draft: LogEntry,
        to history: LogHistory,
        signer: Curve25519.Signing.PrivateKey?
    ) async throws -> Outcome {
        var entry = draft
        entry.sequence = history.sequence + 1
        entry.previous = history.items.last?.digest
        var bytes = try CanonicalJSON.encode(entry)
        if let signer { bytes = try EntrySignature.sign(bytes, with: signer) }
        if bytes.count > LogEntry.maximumByteCount {
            throw RegistryError(
                .invalidAdapter,
                "the entry for '\(entry.name)' is \(bytes.count) bytes: too many files"
            )
        }
        // What readers would refuse must not get into the log.
        var extended = history
        try extended.append(bytes)
        let key = try layout.logKey(entry.name, entry.sequence)
        for attempt in 0..<Self.attemptCount {
            do {
                // Waited for whatever comes: who interrupts a publication must not be left in doubt whether the entry got in.
                try await Task { try await write(bytes, to: key) }.value
                return .committed(extended)
            } catch let error as ObjectStoreError where error.kind == .preconditionFailed {
                let known = try await refresh(history)
                if known.sequence == history.sequence { continue }  // taken, and not yet to be read
                return known.items[history.sequence].entry.id == entry.id ? .committed(known) : .taken(known)
            } catch let error as ObjectStoreError where error.mayHaveHappened && attempt + 1 < Self.attemptCount {
                try await environment.pause(beforeAttempt: attempt)
            }
        }
        throw RegistryError(
            .conflict,
            "\(store.location)/\(key) is refused and cannot be read either; nothing more is known, try again"
        )
    }

    /// Writes all entries into one object now and then; only a hint, so a failure does not matter.
    func writeCheckpoint(_ history: LogHistory) async {
        guard history.sequence.isMultiple(of: Self.checkpointInterval) else { return }
        do {
            try await store.put(layout.checkpointKey(history.name), bytes: history.lines)
        } catch {
            return  // readers go entry by entry then
        }
    }

    /// The numbers of all entries that the store lists, sorted: for checks, not for reading.
    func listed(_ name: RegistryName) async throws -> [Int] {
        var numbers: [Int] = []
        for try await object in store.objects(prefix: layout.logPrefix(name)) {
            if let number = layout.sequence(of: object.key, name) { numbers.append(number) }
        }
        return numbers.sorted()
    }

    private func read(_ name: RegistryName, _ sequence: Int) async throws -> [UInt8]? {
        do {
            return try await store.document(layout.logKey(name, sequence), limit: LogEntry.maximumByteCount).bytes
        } catch let error as ObjectStoreError where error.kind == .notFound {
            return nil
        }
    }

    private func write(_ bytes: [UInt8], to key: ObjectKey) async throws {
        if isSingleWriter {
            if try await store.exists(key) {
                throw ObjectStoreError(.preconditionFailed, key: key.text, message: "the entry is there already")
            }
            try await store.put(key, bytes: bytes)
        } else {
            let options = PutOptions(condition: .ifAbsent, contentType: "application/json", checksum: .sha256)
            try await store.put(key, bytes: bytes, options)
        }
    }

    /// The history in the checkpoint if its last entry is in the log; each entry holds the hash of the one before.
    private func checkpoint(_ name: RegistryName) async throws -> LogHistory? {
        do {
            let lines = try await store.document(layout.checkpointKey(name), limit: 256 << 20).bytes
            let history = try LogHistory(lines: lines, kind: layout.kind, name: name)
            guard let last = history.items.last, try await read(name, history.sequence) == last.bytes else {
                return nil
            }
            return history
        } catch is RegistryError {
            return nil  // not trusted: the log itself is read
        } catch let error as ObjectStoreError where [.notFound, .invalidRequest].contains(error.kind) {
            return nil
        }
    }
}

extension ObjectStoreError {
    /// Whether a write may have been done although it failed, and may be tried again.
    var mayHaveHappened: Bool {
        switch kind {
        case .conflict, .timedOut, .connectionFailed, .serverFailure, .throttled: true
        default: false
        }
    }
}
