// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// Moves whole objects between stores and this machine: in parallel parts, checked, resumable, published whole.
///
/// One engine is shared by all transfers of a program: its limit and its retry budget are common to them.
public final class TransferEngine: Sendable {
    /// How to transfer.
    public struct Configuration: Sendable, Hashable {
        /// The size of a part; doubled for objects above 1 GiB.
        public var partSize: Int
        /// Files up to this size are sent in one request.
        public var singleRequestLimit: Int
        /// Downloads up to this size are gathered in memory and written at once.
        public var gatheredSize: Int
        /// How many requests of downloads are under way at first.
        public var startingConcurrency: Int
        /// How many requests are under way at most.
        public var maximumConcurrency: Int
        /// How many parts of an upload are under way at most.
        public var uploadConcurrency: Int
        /// How many files of a tree are under way at most.
        public var fileConcurrency: Int
        /// When to fetch a part again.
        public var retry: RetryPolicy

        /// Chooses how to transfer; the defaults suit S3.
        public init(
            partSize: Int = 8 << 20,
            singleRequestLimit: Int = 16 << 20,
            gatheredSize: Int = 1 << 20,
            startingConcurrency: Int = 4,
            maximumConcurrency: Int = 32,
            uploadConcurrency: Int = 8,
            fileConcurrency: Int = 32,
            retry: RetryPolicy = RetryPolicy()
        ) {
            self.partSize = partSize
            self.singleRequestLimit = singleRequestLimit
            self.gatheredSize = gatheredSize
            self.startingConcurrency = startingConcurrency
            self.maximumConcurrency = maximumConcurrency
            self.uploadConcurrency = uploadConcurrency
            self.fileConcurrency = fileConcurrency
            self.retry = retry
        }
    }

    /// What a download brought.
    public struct Downloaded: Sendable, Hashable {
        /// The name of the content.
        public var etag: ETag
        /// The version.
        public var version: VersionID?
        /// Its size in bytes.
        public var size: Int
        /// Its SHA-256 in hexadecimal digits; nil when none was expected.
        public var sha256: String?
    }

    private static let maximumPartCount = 20_000

    let configuration: Configuration
    let limit: AdaptiveLimit
    /// Uploads apart: a server that stores spends longer on each request than one that reads, and more of them overlap.
    let uploadLimit: AdaptiveLimit
    private let budget = RetryBudget()
    private let pool: BufferPool

    /// Makes an engine.
    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        pool = BufferPool(count: configuration.fileConcurrency)
        limit = AdaptiveLimit(start: configuration.startingConcurrency, ceiling: configuration.maximumConcurrency)
        uploadLimit = AdaptiveLimit(start: configuration.uploadConcurrency, ceiling: configuration.maximumConcurrency)
    }

    /// Downloads an object into a file, which appears whole and verified or not at all.
    ///
    /// An interrupted download leaves `.NAME.….part` beside the target and goes on from there the next time; a cancelled
    /// or corrupted one leaves nothing.
    ///
    /// - Parameters:
    ///   - source: The object.
    ///   - path: The file.
    ///   - expected: What the object must be.
    ///   - progress: Gets how far it is, ten times a second at most.
    /// - Returns: What was downloaded.
    /// - Throws: `.corrupted` when the bytes are not those expected, `.changedDuringTransfer` when the object keeps
    ///   changing, `.noSpace` before the first byte is written.
    @discardableResult
    public func download(
        _ source: any RangeSource,
        to path: String,
        expected: ExpectedContent = ExpectedContent(),
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws -> Downloaded {
        try await download(source, path, expected, flushesDirectory: true) { ProgressMeter(progress) }
    }

    /// Downloads into a file; a caller with many of them flushes their directories itself and counts them together.
    func download(
        _ source: any RangeSource,
        _ path: String,
        _ expected: ExpectedContent,
        flushesDirectory: Bool,
        knownSize: Int? = nil,
        _ meter: () -> ProgressMeter
    ) async throws -> Downloaded {
        try await restarting(source) {
            let meter = meter()
            do {
                return try await downloadOnce(source, path, expected, knownSize, meter, flushesDirectory)
            } catch {
                meter.takeBack()
                throw error
            }
        }
    }

    /// Downloads an object into memory that the caller owns, such as memory a GPU reads from.
    ///
    /// - Parameters:
    ///   - source: The object.
    ///   - memory: At least as large as the object; what is in it after a failure is undefined.
    ///   - expected: What the object must be.
    ///   - progress: Gets how far it is, ten times a second at most.
    /// - Returns: What was downloaded.
    /// - Throws: As for a file; `.invalidRequest` when the memory is too small.
    @discardableResult
    public func download(
        _ source: any RangeSource,
        into memory: TransferMemory,
        expected: ExpectedContent = ExpectedContent(),
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws -> Downloaded {
        try await restarting(source) {
            let meter = ProgressMeter(progress)
            guard let first = try await begin(source, expected) else {
                return try await Self.empty(source, expected).found
            }
            let destination = MemoryDestination(memory: memory)
            try await destination.prepare(first.info.size)
            meter.expect(first.info.size)
            let fetch = partFetch(source, destination, meter)
            let download = Download(
                fetch,
                first.info,
                expected,
                plan: plan(first.info.size, expected),
                partial: nil,
                throttles: Self.throttles(source)
            )
            let digest = try await download.run(first: first, workerCount: configuration.maximumConcurrency)
            return Downloaded(etag: first.info.etag, version: first.info.version, size: first.info.size, sha256: digest)
        }
    }

    /// An object that changes while it is read is read again, twice at most.
    private func restarting(_ source: any RangeSource, _ body: () async throws -> Downloaded) async throws -> Downloaded
    {
        for _ in 0..<2 {
            do {
                return try await body()
            } catch let error as ObjectStoreError where error.kind == .changedDuringTransfer {
                continue
            }
        }
        return try await body()
    }

    private func downloadOnce(
        _ source: any RangeSource,
        _ path: String,
        _ expected: ExpectedContent,
        _ knownSize: Int?,
        _ meter: ProgressMeter,
        _ flushesDirectory: Bool
    ) async throws -> Downloaded {
        guard let first = try await begin(source, expected, knownSize) else {
            let (found, modified) = try await Self.empty(source, expected)
            try await FileThreads.run { try Self.publishEmpty(path, found.etag, modified, flushesDirectory) }
            return found
        }
        let info = first.info
        let plan = plan(info.size, expected)
        if plan.partCount == 1, info.size <= configuration.gatheredSize {
            return try await downloadSmall(source, path, first, plan, expected, meter, flushesDirectory)
        }
        let partial = try await FileThreads.run {
            try PartialFile(target: path, etag: info.etag, size: info.size, partSize: plan.partSize)
        }
        do {
            let digest = try await fill(partial, first, source, plan, expected, meter)
            try await FileThreads.run {
                try partial.publish(modified: info.lastModified, flushesDirectory: flushesDirectory)
            }
            return Downloaded(etag: info.etag, version: info.version, size: info.size, sha256: digest)
        } catch {
            let kind = (error as? ObjectStoreError)?.kind
            let isHopeless =
                error is CancellationError || [.corrupted, .changedDuringTransfer, .noSpace].contains(kind)
            // A second failure (the disk) would hide the first.
            if isHopeless { try? await FileThreads.run { try partial.discard() } }
            // Whoever tries again at once must get the bytes that are there.
            partial.release()
            throw error
        }
    }

    /// Downloads what is not worth several visits to the threads that write files.
    private func downloadSmall(
        _ source: any RangeSource,
        _ path: String,
        _ first: OpenedObject,
        _ plan: DownloadPlan,
        _ expected: ExpectedContent,
        _ meter: ProgressMeter,
        _ flushesDirectory: Bool
    ) async throws -> Downloaded {
        let info = first.info
        meter.expect(info.size)
        let gathered = GatheredBytes(size: info.size, in: pool)
        let fetch = partFetch(source, gathered, meter)
        let download = Download(fetch, info, expected, plan: plan, partial: nil, throttles: Self.throttles(source))
        let digest = try await download.run(first: first, workerCount: 1)
        try await FileThreads.run {
            let partial = try PartialFile(target: path, etag: info.etag, size: info.size, partSize: plan.partSize)
            do {
                try partial.file.truncate(0)
                try gathered.move(to: partial.file)
                try partial.publish(modified: info.lastModified, flushesDirectory: flushesDirectory)
            } catch {
                // A second failure (the disk) would hide the first.
                try? partial.discard()
                throw error
            }
        }
        return Downloaded(etag: info.etag, version: info.version, size: info.size, sha256: digest)
    }

    private func fill(
        _ partial: PartialFile,
        _ first: OpenedObject,
        _ source: any RangeSource,
        _ plan: DownloadPlan,
        _ expected: ExpectedContent,
        _ meter: ProgressMeter
    ) async throws -> String? {
        let destination = FileDestination(partial.file)
        let info = first.info
        meter.expect(info.size)
        let fetch = partFetch(source, destination, meter)
        let download = Download(fetch, info, expected, plan: plan, partial: partial, throttles: Self.throttles(source))
        return try await download.run(first: first, workerCount: configuration.maximumConcurrency) {
            try await destination.prepare(info.size)
        }
    }

    /// Opens the first part, which also tells size and tag.
    ///
    /// - Parameters:
    ///   - source: The object.
    ///   - expected: What it must be.
    ///   - knownSize: Its size when it was listed; it may be another one by now.
    /// - Returns: nil for an empty object.
    /// - Throws: `.corrupted` for another size than expected, and what the source throws.
    private func begin(
        _ source: any RangeSource,
        _ expected: ExpectedContent,
        _ knownSize: Int? = nil
    ) async throws -> OpenedObject? {
        guard expected.isConsistent else {
            throw ObjectStoreError(
                .invalidRequest,
                operation: "download",
                key: source.description,
                message: "the manifest's size and number of chunks do not fit together"
            )
        }
        let first: OpenedObject
        do {
            let length = plan(expected.size ?? 0, expected).partSize
            let isSmall = (expected.size ?? knownSize).map { 1...length ~= $0 } ?? false
            first = try await attempting {
                let place = try await limit.place()
                let body =
                    isSmall ? try await source.openWhole() : try await source.open(.bounded(0..<length), ifMatch: nil)
                return OpenedObject(body: body, place: place)
            }
            // Opened whole, an object that became empty is one without bytes.
            if first.info.size == 0 { return nil }
        } catch let error as ObjectStoreError where error.kind == .invalidRange {
            return nil
        }
        if let size = expected.size, size != first.info.size { throw Self.wrongSize(source, first.info.size, size) }
        return first
    }

    /// Runs a request when there is room, and again after failures that pass.
    func retrying<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await attempting { try await limit.run { _ in try await body() } }
    }

    private func attempting<Result>(_ body: () async throws -> Result) async throws -> Result {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch let error as ObjectStoreError {
                let wait = configuration.retry.wait(
                    after: error.kind,
                    attempt: attempt,
                    serverWait: nil,
                    random: Double.random(in: 0...1)
                )
                guard let wait, budget.take(error.kind.retryCost) else { throw error }
                attempt += 1
                try await Task.sleep(for: wait)
            }
        }
    }

    private func plan(_ size: Int, _ expected: ExpectedContent) -> DownloadPlan {
        if let chunkSize = expected.chunkSize, expected.chunks != nil {
            return DownloadPlan(size: size, partSize: chunkSize)
        }
        // However large a server says that an object is, the list of its parts stays short.
        let least = ((size / Self.maximumPartCount + 1) >> 20) << 20
        let usual = size > 1 << 30 ? configuration.partSize * 2 : configuration.partSize
        return DownloadPlan(size: size, partSize: max(usual, least > usual ? least + (1 << 20) : 0))
    }

    private func partFetch(
        _ source: any RangeSource,
        _ destination: any TransferDestination,
        _ meter: ProgressMeter
    ) -> PartFetch {
        PartFetch(
            source: source,
            destination: destination,
            retry: configuration.retry,
            budget: budget,
            limit: limit,
            meter: meter
        )
    }

    private static func throttles(_ source: any RangeSource) -> @Sendable () -> Int {
        guard let reporting = source as? any LoadReporting else { return { 0 } }
        return { reporting.throttledRequestCount }
    }

    private static func empty(
        _ source: any RangeSource,
        _ expected: ExpectedContent
    ) async throws -> (found: Downloaded, modified: Date?) {
        let info = try await source.properties()
        if info.size != 0 { throw wrongSize(source, info.size, 0) }
        if let size = expected.size, size != 0 { throw wrongSize(source, 0, size) }
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        if let wanted = expected.sha256, wanted != digest {
            throw ObjectStoreError(
                .corrupted,
                operation: "download",
                key: source.description,
                message: "it is empty; its SHA-256 was to be \(wanted)"
            )
        }
        let found = Downloaded(etag: info.etag, version: info.version, size: 0, sha256: expected.sha256)
        return (found, info.lastModified)
    }

    private static func publishEmpty(
        _ path: String,
        _ etag: ETag,
        _ modified: Date?,
        _ flushesDirectory: Bool
    ) throws(ObjectStoreError) {
        let partial = try PartialFile(target: path, etag: etag, size: 0, partSize: 1)
        try partial.file.truncate(0)
        try partial.publish(modified: modified, flushesDirectory: flushesDirectory)
    }

    private static func wrongSize(_ source: any RangeSource, _ actual: Int, _ expected: Int) -> ObjectStoreError {
        ObjectStoreError(
            .corrupted,
            operation: "download",
            key: source.description,
            message: "it has \(actual) bytes, \(expected) were expected"
        )
    }
}

extension StoredObject: LoadReporting {
    package var throttledRequestCount: Int { throttledRequestsOfStore }
}
