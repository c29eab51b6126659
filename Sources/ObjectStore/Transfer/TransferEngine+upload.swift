// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore
import Synchronization

extension TransferEngine {
    /// What an upload left behind.
    public struct Uploaded: Sendable, Hashable {
        /// Tag and version of the object.
        public var written: WrittenObject
        /// Its size in bytes.
        public var size: Int
        /// Its SHA-256 in hexadecimal digits; nil when it was not asked for.
        public var sha256: String?
    }

    /// Uploads a file; above `singleRequestLimit` in parts.
    ///
    /// - Parameters:
    ///   - path: The file. Changed while it is sent, the upload fails.
    ///   - store: Where to.
    ///   - key: The object.
    ///   - options: Condition, pairs and type; the checksum is CRC64NVME unless another is asked for.
    ///   - wantsDigest: Whether to compute the SHA-256 of the whole; a caller that knows it saves the time.
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
        wantsDigest: Bool = true,
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws -> Uploaded {
        try await upload(path, store, key, options, wantsDigest: wantsDigest, ProgressMeter(progress))
    }

    func upload(
        _ path: String,
        _ store: any ObjectStore,
        _ key: ObjectKey,
        _ options: PutOptions,
        wantsDigest: Bool,
        _ meter: ProgressMeter
    ) async throws -> Uploaded {
        let (file, before) = try await FileThreads.run { try UploadSource.open(path) }
        meter.expect(before.size)
        let source = UploadSource(file: file, status: before, partSize: partSize(before.size), wantsDigest: wantsDigest)
        if before.size <= configuration.singleRequestLimit {
            return try await single(source, store, key, options, meter)
        }
        for _ in 0..<2 {
            do {
                return try await inParts(source, store, key, options, meter)
            } catch let error as ObjectStoreError where error.kind == .conflict {
                // Another write of the key was under way: S3 wants the whole upload again.
                meter.add(-before.size)
                continue
            }
        }
        return try await inParts(source, store, key, options, meter)
    }

    /// Uploads what is small: read by one visit to another thread, when there is room for the request.
    ///
    /// - Returns: false when it has grown meanwhile, and nothing was done.
    func uploadSmall(
        _ path: String,
        _ store: any ObjectStore,
        _ key: ObjectKey,
        _ options: PutOptions,
        _ meter: ProgressMeter
    ) async throws -> Bool {
        let limit = configuration.gatheredSize
        var options = options
        options.checksum = options.checksum ?? .crc64nvme
        let source = try await limited(store) { [options] in
            guard let (source, bytes) = try await FileThreads.run({ try UploadSource.read(path, limit: limit) }) else {
                return (UploadSource?.none, 0)
            }
            _ = try await store.put(key, bytes, options)
            return (source, bytes.readableBytes)
        }
        guard let source else { return false }
        try await source.requireUnchanged()
        meter.expect(source.status.size)
        meter.add(source.status.size)
        return true
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
        let digest = source.wantsDigest ? try await source.digest() : nil
        var options = options
        options.checksum = options.checksum ?? .crc64nvme
        let slice = source.slice(0..<source.status.size)
        let written = try await limited(store) { [options] in
            (try await store.put(key, slice, options), slice.range.count)
        }
        try await source.requireUnchanged()
        meter.add(source.status.size)
        return Uploaded(written: written, size: source.status.size, sha256: digest)
    }

    /// Runs a request when there is room, and learns from the bytes it carried how much there is.
    private func limited<Result>(
        _ store: any ObjectStore,
        _ body: () async throws -> (result: Result, byteCount: Int)
    ) async throws -> Result {
        let load = store as? any LoadReporting
        let before = load?.throttledRequestCount ?? 0
        return try await uploadLimit.run { place in
            let (result, byteCount) = try await body()
            if load?.throttledRequestCount ?? 0 > before {
                uploadLimit.overloaded()
            } else {
                uploadLimit.succeeded(byteCount, place)
            }
            return result
        }
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

    /// Sends several parts at once, each read when it is its turn, while the whole is hashed beside.
    private func send(
        _ source: UploadSource,
        _ store: any ObjectStore,
        _ upload: MultipartUpload,
        _ meter: ProgressMeter
    ) async throws -> ([UploadedPart], String?) {
        let progress = UploadProgress(size: source.status.size, partSize: source.partSize)
        return try await withThrowingTaskGroup(of: String?.self) { group in
            if source.wantsDigest { group.addTask { try await source.digest() } }
            let workerCount = min(configuration.uploadConcurrency, progress.partCount)
            for _ in 0..<workerCount {
                group.addTask { [self] in
                    try await sendParts(source, store, upload, progress, meter)
                    return nil
                }
            }
            var digest: String?
            while !(progress.isFinished && (digest != nil || !source.wantsDigest)) {
                guard let result = try await group.next() else { break }
                digest = digest ?? result
            }
            // What still runs is the slower copy of a part.
            group.cancelAll()
            while await group.nextResult() != nil {}
            return (progress.parts, digest)
        }
    }

    private func sendParts(
        _ source: UploadSource,
        _ store: any ObjectStore,
        _ upload: MultipartUpload,
        _ progress: UploadProgress,
        _ meter: ProgressMeter
    ) async throws {
        while true {
            try Task.checkCancellation()
            let step = try await limited(store) {
                let step = progress.next()
                guard case .fetch(let index) = step else { return (step, 0) }
                let range = progress.range(index)
                let part = try await store.uploadPart(upload, number: index + 1, source.slice(range))
                if progress.finish(index, part) { meter.add(range.count) }
                return (step, range.count)
            }
            switch step {
            case .finished: return
            // A part becomes too slow by time passing, which no event tells of.
            case .wait: try await Task.sleep(for: .milliseconds(20))
            case .fetch: continue
            }
        }
    }
}

/// Which parts of an upload are sent; a slow last one is sent a second time, as a download's is fetched.
private final class UploadProgress: Sendable {
    private struct State {
        var plan: DownloadPlan
        var parts: [UploadedPart] = []
    }

    private let state: Mutex<State>
    private let start = ContinuousClock.now

    init(size: Int, partSize: Int) { state = Mutex(State(plan: DownloadPlan(size: size, partSize: partSize))) }

    var partCount: Int { state.withLock(\.plan.partCount) }
    var isFinished: Bool { state.withLock(\.plan.isFinished) }
    var parts: [UploadedPart] { state.withLock(\.parts).sorted { $0.number < $1.number } }

    func range(_ part: Int) -> Range<Int> { state.withLock { $0.plan.range(part) } }

    func next() -> DownloadPlan.Step { state.withLock { $0.plan.next(now: .now - start) } }

    /// - Returns: false when the other copy was faster.
    func finish(_ index: Int, _ part: UploadedPart) -> Bool {
        state.withLock { state in
            guard state.plan.finish(index, now: .now - start) else { return false }
            state.parts.append(part)
            return true
        }
    }
}

/// A file that is being sent.
private struct UploadSource: Sendable {
    let file: LocalFile
    let status: FileStatus
    let partSize: Int
    let wantsDigest: Bool

    /// Opens a file; blocks.
    static func open(_ path: String) throws(ObjectStoreError) -> (LocalFile, FileStatus) {
        let file = try LocalFile(path, .read)
        let status = try file.status()
        guard status.kind == .file else {
            throw ObjectStoreError(.localFile, operation: "upload", key: path, message: "it is no regular file")
        }
        return (file, status)
    }

    /// Reads all of a file; blocks.
    ///
    /// - Returns: nil for more than `limit` bytes.
    static func read(_ path: String, limit: Int) throws(ObjectStoreError) -> (UploadSource, ByteBuffer)? {
        let (file, status) = try open(path)
        guard status.size <= limit else { return nil }
        let source = UploadSource(file: file, status: status, partSize: max(1, status.size), wantsDigest: false)
        let bytes = try file.read(at: 0, count: status.size)
        if bytes.readableBytes < status.size { throw source.changed() }
        return (source, bytes)
    }

    func slice(_ range: Range<Int>) -> FileSlice { FileSlice(file, range) }

    /// The SHA-256 of the whole, in hexadecimal digits.
    func digest() async throws -> String {
        let (step, size) = (4 << 20, status.size)
        var (hash, offset) = (SHA256(), 0)
        while offset < size {
            try Task.checkCancellation()
            let start = offset
            hash = try await FileThreads.run { [hash] in
                var (hash, buffer, offset) = (hash, ByteBuffer(), start)
                while offset < min(size, start + step) {
                    buffer.clear()
                    try file.read(into: &buffer, at: offset, count: min(256 << 10, size - offset))
                    if buffer.readableBytes == 0 { throw changed() }
                    unsafe buffer.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
                    offset += buffer.readableBytes
                }
                return hash
            }
            offset = min(size, start + step)
        }
        return Hexadecimal.encode(hash.finalize())
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
