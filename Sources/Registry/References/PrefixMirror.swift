// SPDX-License-Identifier: Apache-2.0

public import ObjectStore
import Synchronization

/// Copies the objects below a prefix straight into a directory, for checkpoints of gigabytes that are not to lie in the
/// cache too.
///
/// Each file appears whole; a run that was killed goes on in the middle of a file; files of the right size and tag stay.
public struct PrefixMirror: Sendable {
    private let store: any ObjectStore
    private let prefix: String

    /// Names what to copy.
    public init(store: any ObjectStore, prefix: String) {
        self.store = store
        var prefix = prefix
        while prefix.hasSuffix("/") { prefix.removeLast() }
        self.prefix = prefix
    }

    /// Copies.
    ///
    /// - Parameters:
    ///   - directory: Where to.
    ///   - progress: Gets how far all files are.
    /// - Returns: The number of files and their bytes.
    /// - Throws: `RegistryError` of kind `.notFound` when there is nothing; what the store throws.
    public func run(
        into directory: String,
        progress: @escaping @Sendable (RegistryProgress) -> Void = { _ in }
    ) async throws -> (fileCount: Int, byteCount: Int) {
        let folder = prefix.isEmpty ? "" : prefix + "/"
        var found: [ListedObject] = []
        for try await object in store.objects(prefix: folder)
        where object.key.hasPrefix(folder) && !object.key.hasSuffix("/") {
            found.append(object)
        }
        if found.isEmpty { throw RegistryError(.notFound, "there is nothing below \(store.location)/\(folder)") }
        let paths = try found.map { try ObjectKey(String($0.key.dropFirst(folder.count))) }
        if let (one, other) = ObjectKey.caseCollision(in: paths) {
            throw RegistryError(
                .malformed,
                "'\(one)' and '\(other)' differ in case alone and would be one file on many disks"
            )
        }
        let total = found.reduce(0) { $0 + $1.size }
        let meter = ByteMeter(.downloading, total: total, report: progress)
        let download = ObjectDownload(store: store, engine: TransferEngine(), meter: meter)
        let state = try await FileThreads.run { try MirrorState(path: directory + "/.lumina-pull.json") }
        let sorted = found.sorted { ($0.size, $0.key) < ($1.size, $1.key) }
        try await Concurrency.forEach(sorted, limit: 4) { object in
            let path = String(object.key.dropFirst(folder.count))
            let local = directory + "/" + path
            if state.etag(path) == object.etag, try await isThere(local, object.size) {
                meter.add(object.size)
                return
            }
            try await FileThreads.run {
                if let parent = LocalDirectory.parent(of: local) { try LocalDirectory.create(parent) }
            }
            try await download.fetch(ObjectKey(object.key), size: object.size, etag: object.etag, to: local)
            try await FileThreads.run { try state.note(path, object.etag) }
        }
        try await FileThreads.run { try LocalDirectory.remove(state.path) }
        return (found.count, total)
    }

    private func isThere(_ path: String, _ size: Int) async throws -> Bool {
        try await FileThreads.run {
            guard let status = try LocalDirectory.status(path) else { return false }
            return status.kind == .file && status.size == size
        }
    }
}

/// Which files a copy has finished, so that a killed one does not begin again.
final class MirrorState: Sendable {
    let path: String
    private let finished: Mutex<[String: String]>

    /// Reads what an earlier run has noted; blocks.
    init(path: String) throws {
        self.path = path
        // What cannot be read costs fetching again.
        let bytes = try SmallFile.read(path, limit: 16 << 20) ?? []
        finished = Mutex((try? CanonicalJSON.decode([String: String].self, bytes, from: path)) ?? [:])
    }

    /// The tag under which a file was finished.
    func etag(_ file: String) -> ETag? { finished.withLock { $0[file] }.map { ETag($0) } }

    /// Notes a finished file; blocks.
    func note(_ file: String, _ etag: ETag) throws {
        try finished.withLock { finished in
            finished[file] = etag.text
            try SmallFile.write(CanonicalJSON.encode(finished), to: path)
        }
    }
}
