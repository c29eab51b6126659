// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore

extension TransferEngine {
    /// What an upload left behind.
    public struct Uploaded: Sendable, Hashable {
        /// Tag and version of the object.
        public var written: WrittenObject
        /// Its size in bytes.
        public var size: Int
        /// Its SHA-256 in hexadecimal digits.
        public var sha256: String
    }

    /// Uploads a file; above `singleRequestLimit` in parts.
    ///
    /// - Parameters:
    ///   - path: The file. Changed while it is sent, the upload fails.
    ///   - store: Where to.
    ///   - key: The object.
    ///   - options: Condition, pairs and type; the checksum is CRC64NVME unless another is asked for.
    ///   - progress: Gets how far it is, ten times a second at most.
    /// - Returns: Tag, version and digest.
    /// - Throws: `.preconditionFailed`, `.changedDuringTransfer`, `.localFile`, and what the store throws. Nothing is
    ///   left at the store after a failure or a cancellation, save when it cannot be reached to be told.
    @discardableResult
    public func upload(
        _ path: String,
        to store: any ObjectStore,
        _ key: ObjectKey,
        _ options: PutOptions = PutOptions(),
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws -> Uploaded {
        let meter = ProgressMeter(progress)
        let (file, before) = try await FileThreads.run {
            let file = try LocalFile(path, .read)
            return (file, try file.status())
        }
        guard before.kind == .file else {
            throw ObjectStoreError(.localFile, operation: "upload", key: path, message: "it is no regular file")
        }
        meter.expect(before.size)
        let source = UploadSource(file: file, status: before, partSize: partSize(before.size))
        if before.size <= configuration.singleRequestLimit {
            return try await single(source, store, key, options, meter)
        }
        for _ in 0..<2 {
            do {
                return try await inParts(source, store, key, options, meter)
            } catch let error as ObjectStoreError where error.kind == .conflict {
                // Another write of the key was under way: S3 wants the whole upload again.
                continue
            }
        }
        return try await inParts(source, store, key, options, meter)
    }

    /// At most 10,000 parts, whole MiBs.
    private func partSize(_ size: Int) -> Int {
        let needed = (size + MultipartUpload.maximumPartCount - 1) / MultipartUpload.maximumPartCount
        let rounded = ((needed + (1 << 20) - 1) >> 20) << 20
        return max(configuration.partSize, MultipartUpload.minimumPartSize, rounded)
    }

    private func single(
        _ source: UploadSource,
        _ store: any ObjectStore,
        _ key: ObjectKey,
        _ options: PutOptions,
        _ meter: ProgressMeter
    ) async throws -> Uploaded {
        let bytes = try await source.read(0..<source.status.size)
        try await source.requireUnchanged()
        var hash = SHA256()
        unsafe bytes.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
        var options = options
        options.checksum = options.checksum ?? .crc64nvme
        let written = try await store.put(key, bytes, options)
        meter.add(bytes.readableBytes)
        return Uploaded(written: written, size: bytes.readableBytes, sha256: Hexadecimal.encode(hash.finalize()))
    }

    private func inParts(
        _ source: UploadSource,
        _ store: any ObjectStore,
        _ key: ObjectKey,
        _ options: PutOptions,
        _ meter: ProgressMeter
    ) async throws -> Uploaded {
        let upload = try await start(store, key, options)
        do {
            let (parts, digest) = try await send(source, store, upload, meter)
            try await source.requireUnchanged()
            let whole = upload.checksum.flatMap { algorithm in
                Checksum.combined(algorithm, parts: parts.map { ($0.checksum ?? "", $0.size) })
            }
            let completion = CompleteOptions(
                condition: options.condition,
                checksum: whole?.algorithm.isCombinable == true ? whole : nil
            )
            let written = try await store.completeMultipart(upload, parts: parts, completion)
            return Uploaded(written: written, size: source.status.size, sha256: digest)
        } catch {
            // A task of its own, because this one may be cancelled; it is waited for, and a failure would hide the first one.
            await Task { try? await store.abortMultipart(upload) }.value
            throw error
        }
    }

    /// Older servers do not know checksums of whole objects, or none at all.
    private func start(
        _ store: any ObjectStore,
        _ key: ObjectKey,
        _ options: PutOptions
    ) async throws -> MultipartUpload {
        var options = options
        options.checksum = options.checksum ?? .crc64nvme
        do {
            return try await store.createMultipart(key, options)
        } catch let error as ObjectStoreError where [.invalidRequest, .unsupported].contains(error.kind) {
            options.checksum = nil
            return try await store.createMultipart(key, options)
        }
    }

    /// Reads and hashes in order, sends several parts at once.
    private func send(
        _ source: UploadSource,
        _ store: any ObjectStore,
        _ upload: MultipartUpload,
        _ meter: ProgressMeter
    ) async throws -> ([UploadedPart], String) {
        var hash = SHA256()
        var parts: [UploadedPart] = []
        try await withThrowingTaskGroup(of: UploadedPart.self) { group in
            var active = 0
            for (index, range) in source.ranges.enumerated() {
                if active == configuration.uploadConcurrency, let part = try await group.next() {
                    parts.append(part)
                    active -= 1
                }
                let bytes = try await source.read(range)
                unsafe bytes.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
                group.addTask {
                    let part = try await store.uploadPart(upload, number: index + 1, bytes)
                    meter.add(bytes.readableBytes)
                    return part
                }
                active += 1
            }
            for try await part in group { parts.append(part) }
        }
        return (parts.sorted { $0.number < $1.number }, Hexadecimal.encode(hash.finalize()))
    }
}

/// A file that is being sent.
private struct UploadSource: Sendable {
    let file: LocalFile
    let status: FileStatus
    let partSize: Int

    var ranges: [Range<Int>] {
        stride(from: 0, to: status.size, by: partSize).map { $0..<min(status.size, $0 + partSize) }
    }

    func read(_ range: Range<Int>) async throws -> ByteBuffer {
        let bytes = try await FileThreads.run { try file.read(at: range.lowerBound, count: range.count) }
        if bytes.readableBytes != range.count { throw changed() }
        return bytes
    }

    func requireUnchanged() async throws {
        let (opened, named) = try await FileThreads.run {
            (try file.status(), try LocalDirectory.status(file.path))
        }
        if opened != status || (named?.kind == .file && named != status) { throw changed() }
    }

    private func changed() -> ObjectStoreError {
        ObjectStoreError(
            .changedDuringTransfer,
            operation: "upload",
            key: file.path,
            message: "the file was changed while it was being sent"
        )
    }
}
