// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore

/// Writes an object into a local file, several ranges at a time, each fenced by the object's tag.
struct ObjectDownload: Sendable {
    private static let rangeByteCount = 8 << 20

    let store: any ObjectStore
    let concurrency: Int
    let meter: ProgressMeter?

    /// Fetches an object of known size.
    ///
    /// - Throws: `ObjectStoreError` of kind `.changedDuringTransfer` when it is overwritten meanwhile; `.noSpace` before
    ///   the first byte.
    func fetch(_ key: ObjectKey, size: Int, to path: String, etag: ETag? = nil) async throws {
        let file = try await FileThreads.run {
            let file = try LocalFile(path, .createOrUpdate)
            try file.truncate(0)
            try file.preallocate(size)
            return file
        }
        if size == 0 { return }
        let tag: ETag
        if let etag {
            tag = etag
        } else if size > Self.rangeByteCount {
            tag = try await store.head(key).etag
        } else {
            return try await copy(key, GetOptions(), 0..<size, into: file)
        }
        let starts = Array(stride(from: 0, to: size, by: Self.rangeByteCount))
        try await Concurrency.forEach(starts, limit: concurrency) { start in
            let range = start..<min(start + Self.rangeByteCount, size)
            let isWhole = range.count == size
            try await copy(key, GetOptions(range: isWhole ? nil : .bounded(range), ifMatch: tag), range, into: file)
        }
    }

    private func copy(_ key: ObjectKey, _ options: GetOptions, _ range: Range<Int>, into file: LocalFile) async throws {
        for attempt in 0... {
            do {
                return try await copyOnce(key, options, range, into: file)
            } catch let error as ObjectStoreError where attempt < 3 && Self.isTransient(error) {
                continue
            } catch let error as ObjectStoreError where error.kind == .preconditionFailed {
                throw ObjectStoreError(
                    .changedDuringTransfer,
                    operation: "get",
                    location: store.location,
                    key: key.text,
                    message: "somebody overwrote it meanwhile"
                )
            }
        }
    }

    private static func isTransient(_ error: ObjectStoreError) -> Bool {
        [.connectionFailed, .timedOut, .corrupted].contains(error.kind)
    }

    private func copyOnce(
        _ key: ObjectKey,
        _ options: GetOptions,
        _ range: Range<Int>,
        into file: LocalFile
    ) async throws {
        let body = try await store.get(key, options)
        var position = range.lowerBound
        for try await chunk in body.bytes {
            try Task.checkCancellation()
            guard position + chunk.readableBytes <= range.upperBound else { break }
            let offset = position
            try await FileThreads.run { try file.write(chunk, at: offset) }
            position += chunk.readableBytes
        }
        guard position == range.upperBound, body.range.count == range.count else {
            throw RegistryError(
                .corrupted,
                "\(store.location)/\(key) has \(body.info.size) bytes, not as many as the log says; see: registry verify"
            )
        }
        meter?.add(range.count)
    }
}
