// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension S3Store {
    private struct CopiedPart: Decodable {
        var etag: String
        private enum CodingKeys: String, CodingKey { case etag = "ETag" }
    }

    /// How many parts are copied at once; the server does the work.
    private static let copiesAtOnce = 8

    /// Copies an object that is too large for one request, range by range, inside the server.
    ///
    /// - Parameters:
    ///   - info: The source; every range is of this content or the copy fails.
    ///   - destination: The new object, which appears whole.
    ///   - options: As for any copy.
    /// - Returns: Tag and version of the copy.
    /// - Throws: `.preconditionFailed` when the source has changed or the condition does not hold.
    func copyInParts(
        _ info: ObjectInfo,
        to destination: ObjectKey,
        _ options: CopyOptions
    ) async throws -> WrittenObject {
        let put = PutOptions(metadata: options.metadata ?? info.metadata, contentType: info.contentType)
        let upload = try await createMultipart(destination, put)
        do {
            let needed = (info.size + MultipartUpload.maximumPartCount - 1) / MultipartUpload.maximumPartCount
            let partSize = max(client.configuration.copyPartSize, needed)
            let ranges = stride(from: 0, to: info.size, by: partSize).map { $0..<min(info.size, $0 + partSize) }
            let parts = try await withThrowingTaskGroup(of: UploadedPart.self) { group in
                var parts: [UploadedPart] = []
                for (index, range) in ranges.enumerated() {
                    if index >= Self.copiesAtOnce, let part = try await group.next() { parts.append(part) }
                    group.addTask { try await copyPart(info, range, upload, number: index + 1, options) }
                }
                for try await part in group { parts.append(part) }
                return parts.sorted { $0.number < $1.number }
            }
            return try await completeMultipart(upload, parts: parts, CompleteOptions(condition: options.condition))
        } catch {
            // A task of its own, because this one may be cancelled; a failure of it would hide the first one.
            await Task { try? await abortMultipart(upload) }.value
            throw error
        }
    }

    private func copyPart(
        _ info: ObjectInfo,
        _ range: Range<Int>,
        _ upload: MultipartUpload,
        number: Int,
        _ options: CopyOptions
    ) async throws -> UploadedPart {
        var call = S3Client.Call(operation: "copy part to", method: "PUT", key: upload.key, mayFailInside: true)
        call.query = [("partNumber", String(number)), ("uploadId", upload.id)]
        call.headers.append(("x-amz-copy-source", copySource(info.key, options.version)))
        call.headers.append(("x-amz-copy-source-range", ByteRange.bounded(range).header))
        call.headers.append(("x-amz-copy-source-if-match", info.etag.text))
        let result = try decode(CopiedPart.self, try await client.send(call), call.operation, upload.key)
        return UploadedPart(number: number, etag: ETag(quoting: result.etag).text, size: range.count)
    }
}
