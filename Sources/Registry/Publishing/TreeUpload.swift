// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore

/// Puts the files of an attempt into its own folder, where nobody looks until the log names it.
struct TreeUpload: Sendable {
    /// Files up to this size go in one request.
    static let singleRequestByteCount = 8 << 20
    private static let partByteCount = 8 << 20
    /// The pair of an object that holds the hash of its bytes.
    static let hashPair = "sha256"

    let store: any ObjectStore
    let layout: KeyLayout
    let name: RegistryName
    let tree: TreeID
    /// How many requests are under way at once.
    let concurrency: Int
    let progress: @Sendable (RegistryProgress) -> Void

    /// Sends all files and the list of them.
    ///
    /// A file that a killed attempt has sent already is not sent again.
    func send(_ items: [PublicationSource.Plan.Item], manifest: [UInt8]) async throws {
        let total = items.reduce(0) { $0 + $1.record.size }
        let meter = ByteMeter(.uploading, total: total, report: progress)
        let small = items.filter { $0.record.size <= Self.singleRequestByteCount }
        try await Concurrency.forEach(small, limit: concurrency) { try await send($0, meter) }
        // One after the other, each in several parts: what is in memory does not grow with the number of files.
        for item in items where item.record.size > Self.singleRequestByteCount { try await send(item, meter) }
        let key = try layout.treeKey(name, tree, KeyLayout.treeManifestName)
        try await putOnce(key, ByteBuffer(bytes: manifest), hash: nil)
    }

    private func send(_ item: PublicationSource.Plan.Item, _ meter: ByteMeter) async throws {
        let key = try layout.treeKey(name, tree, item.record.path)
        if item.record.size <= Self.singleRequestByteCount {
            let bytes = try await read(item, 0..<item.record.size)
            try await putOnce(key, bytes, hash: item.record.sha256)
        } else if try await !isThere(key, size: item.record.size, hash: item.record.sha256) {
            try await sendParts(item, to: key, meter)
            return try await check(key, item.record)
        }
        meter.add(item.record.size)
        try await check(key, item.record)
    }

    private func read(_ item: PublicationSource.Plan.Item, _ range: Range<Int>) async throws -> ByteBuffer {
        try await FileThreads.run { try item.source.read(item.rendering, range) }
    }

    /// Writes an object of this attempt; one that is there must be what an earlier try of ours wrote.
    private func putOnce(_ key: ObjectKey, _ bytes: ByteBuffer, hash: String?) async throws {
        var options = PutOptions(condition: .ifAbsent, checksum: .sha256)
        if let hash { options.metadata[Self.hashPair] = hash }
        for attempt in 0... {
            do {
                _ = try await store.put(key, bytes, options)
                return
            } catch let error as ObjectStoreError where error.kind == .preconditionFailed {
                let found = try await store.document(key, limit: max(1, bytes.readableBytes)).bytes
                if found.elementsEqual(bytes.readableBytesView) { return }
                throw RegistryError(
                    .conflict,
                    "\(store.location)/\(key) holds other bytes; somebody writes into this attempt's folder"
                )
            } catch let error as ObjectStoreError where error.kind == .conflict && attempt < 4 {
                continue
            }
        }
    }

    private func isThere(_ key: ObjectKey, size: Int, hash: String) async throws -> Bool {
        do {
            let info = try await store.head(key)
            return info.size == size && info.metadata[Self.hashPair] == hash
        } catch let error as ObjectStoreError where error.kind == .notFound {
            return false
        }
    }

    private func sendParts(_ item: PublicationSource.Plan.Item, to key: ObjectKey, _ meter: ByteMeter) async throws {
        let options = PutOptions(metadata: [Self.hashPair: item.record.sha256], checksum: .crc64nvme)
        let upload = try await store.createMultipart(key, options)
        do {
            let size = max(Self.partByteCount, (item.record.size + 9_999) / 10_000)
            let starts = Array(stride(from: 0, to: item.record.size, by: size))
            let parts = try await Concurrency.map(Array(starts.enumerated()), limit: concurrency) { index, start in
                let range = start..<min(start + size, item.record.size)
                let part = try await store.uploadPart(upload, number: index + 1, read(item, range))
                meter.add(range.count)
                return part
            }
            _ = try await store.completeMultipart(upload, parts: parts, CompleteOptions(condition: .ifAbsent))
        } catch let error as ObjectStoreError where error.kind == .preconditionFailed {
            if try await !isThere(key, size: item.record.size, hash: item.record.sha256) { throw error }
        } catch {
            // What is left is small print: buckets abort unfinished uploads by rule.
            try? await store.abortMultipart(upload)
            throw error
        }
    }

    /// Makes sure that the store has what was sent.
    private func check(_ key: ObjectKey, _ record: FileRecord) async throws {
        let info = try await store.head(key)
        guard info.size == record.size, info.metadata[Self.hashPair] ?? record.sha256 == record.sha256 else {
            throw RegistryError(
                .corrupted,
                "\(store.location)/\(key) has \(info.size) bytes, not the \(record.size) that were sent; push again"
            )
        }
    }
}
