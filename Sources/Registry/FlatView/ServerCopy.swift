// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore

/// Copies an object by reading and writing it, for objects and servers that cannot be asked to copy.
struct ServerCopy: Sendable {
    /// S3 copies at most 5 GB in one request.
    static let maximumByteCount = 5_000_000_000
    private static let partByteCount = 64 << 20

    let store: any ObjectStore

    /// Sends an object's bytes again under another key.
    func resend(
        _ source: ObjectKey,
        size: Int,
        to target: ObjectKey,
        _ condition: WriteCondition
    ) async throws
        -> WrittenObject
    {
        let info = try await store.head(source)
        if size <= Self.partByteCount {
            let body = try await store.get(source, GetOptions(ifMatch: info.etag))
            let bytes = try await body.collect(upTo: Self.partByteCount)
            return try await store.put(target, bytes, PutOptions(condition: condition, checksum: .sha256))
        }
        let upload = try await store.createMultipart(target, PutOptions())
        do {
            let parts = try await send(source, info, upload)
            return try await store.completeMultipart(upload, parts: parts, CompleteOptions(condition: condition))
        } catch {
            // The upload is the caller's no more; what it holds goes with the bucket's rule for unfinished uploads at the latest.
            try? await store.abortMultipart(upload)
            throw error
        }
    }

    private func send(_ source: ObjectKey, _ info: ObjectInfo, _ upload: MultipartUpload) async throws -> [UploadedPart]
    {
        var parts: [UploadedPart] = []
        // Parts of one size, few enough for S3.
        let partSize = max(Self.partByteCount, (info.size + 9_999) / 10_000)
        for start in stride(from: 0, to: info.size, by: partSize) {
            let range = start..<min(start + partSize, info.size)
            let body = try await store.get(source, GetOptions(range: .bounded(range), ifMatch: info.etag))
            let bytes = try await body.collect(upTo: range.count)
            parts.append(try await store.uploadPart(upload, number: parts.count + 1, bytes))
        }
        return parts
    }
}
