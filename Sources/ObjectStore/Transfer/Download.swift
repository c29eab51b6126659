// SPDX-License-Identifier: Apache-2.0

import Checksums
import Foundation
import NIOCore
import Synchronization

/// One object on its way into one destination, in parts at once.
final class Download: Sendable {
    private let fetch: PartFetch
    private let info: ObjectInfo
    private let expected: ExpectedContent
    private let partial: PartialFile?
    private let plan: Mutex<DownloadPlan>
    private let codes: Mutex<[Int: CyclicRedundancyCode]> = Mutex([:])
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now
    private let throttles: @Sendable () -> Int

    init(
        _ fetch: PartFetch,
        _ info: ObjectInfo,
        _ expected: ExpectedContent,
        plan: DownloadPlan,
        partial: PartialFile?,
        throttles: @escaping @Sendable () -> Int
    ) {
        self.fetch = fetch
        self.info = info
        self.expected = expected
        self.partial = partial
        self.plan = Mutex(plan)
        self.throttles = throttles
    }

    /// Fetches all parts that are missing.
    ///
    /// - Parameters:
    ///   - first: The answer to the first request, which has begun with the first part.
    ///   - workerCount: How many parts at once at most.
    ///   - prepare: Makes room, after what an earlier run left has been looked at.
    /// - Returns: The SHA-256 of the whole, in hexadecimal digits; nil when nobody asked.
    /// - Throws: `.corrupted`, `.changedDuringTransfer`, and what could not be overcome.
    func run(first: OpenedObject, workerCount: Int, prepare: () async throws -> Void = {}) async throws -> String? {
        try await recover()
        try await prepare()
        let hash = expected.sha256 == nil ? nil : makeHash()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let isFirstMissing = plan.withLock { plan in
                !plan.isDone(0) && plan.next(now: .zero) == .fetch(0)
            }
            group.addTask { [self] in
                if isFirstMissing { try await part(0, opened: first.body, first.place) }
                first.place.leave()
                if isFirstMissing { try await hash?.advance() }
                try await work(hash)
            }
            let count = min(workerCount, plan.withLock(\.partCount))
            for _ in 1..<max(1, count) { group.addTask { [self] in try await work(hash) } }
            // The first worker to find everything done ends the others: what they still do is a duplicate.
            while !plan.withLock(\.isFinished), try await group.next() != nil {}
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError), !plan.withLock(\.isFinished) {
                    throw error
                }
            }
        }
        try Task.checkCancellation()
        try await hash?.advance()
        try await verify(hash?.digest)
        return hash?.digest
    }

    private func work(_ hash: OrderedHash?) async throws {
        while true {
            try Task.checkCancellation()
            // A part is chosen when there is room for its request: the time it takes is then the server's alone.
            let step = try await fetch.limit.run { place in
                let step = plan.withLock { $0.next(now: clock.now - start) }
                if case .fetch(let part) = step { try await fetchOrGiveBack(part, place) }
                return step
            }
            switch step {
            case .finished: return
            // A part becomes too slow by time passing, which no event tells of.
            case .wait: try await Task.sleep(for: .milliseconds(20))
            case .fetch: try await hash?.advance()
            }
        }
    }

    private func fetchOrGiveBack(_ part: Int, _ place: RequestPlace) async throws {
        do {
            try await self.part(part, opened: nil, place)
        } catch {
            plan.withLock { $0.giveBack(part) }
            throw error
        }
    }

    private func part(_ part: Int, opened: ObjectBody?, _ place: RequestPlace) async throws {
        let range = plan.withLock { $0.range(part) }
        let before = throttles()
        // Counted apart: what a slower copy, or one that failed, has brought is no progress.
        let meter = ProgressMeter(partOf: fetch.meter)
        var isCounted = false
        defer { if !isCounted { meter.takeBack() } }
        let code = try await fetch.counting(in: meter).run(
            range,
            etag: info.etag,
            size: info.size,
            expected: expected.chunks?[part],
            opened: opened
        )
        if throttles() > before { fetch.limit.overloaded() } else { fetch.limit.succeeded(range.count, place) }
        let isFirst = plan.withLock { $0.finish(part, now: clock.now - start) }
        guard isFirst else { return }
        isCounted = true
        codes.withLock { $0[part] = code }
        if let partial { try await FileThreads.run { try partial.note(part, code, range) } }
    }

    private func recover() async throws {
        guard let partial else { return }
        let plan = plan.withLock { $0 }
        let recovered = try await FileThreads.run {
            try partial.recover(plan).map { Recovered(part: $0.part, code: $0.code) }
        }
        for item in recovered {
            self.plan.withLock { $0.markDone(item.part) }
            codes.withLock { $0[item.part] = item.code }
        }
        let bytes = Set(recovered.map(\.part)).reduce(0) { $0 + plan.range($1).count }
        if bytes > 0 { fetch.meter.add(bytes, isTransferred: false) }
    }

    private struct Recovered: Sendable {
        var part: Int
        var code: CyclicRedundancyCode
    }

    private func makeHash() -> OrderedHash {
        OrderedHash(
            fetch.destination,
            isDone: { [self] part in plan.withLock { $0.isDone(part) } },
            range: { [self] part in plan.withLock { part < $0.partCount ? $0.range(part) : nil } }
        )
    }

    /// Compares the whole with what is known about it.
    private func verify(_ digest: String?) async throws {
        if let wanted = expected.sha256, digest != wanted {
            throw corrupted("its SHA-256 is \(digest ?? "?"), not \(wanted)")
        }
        guard expected.sha256 == nil, expected.chunks == nil else { return }
        // Nothing was promised: what the store holds is the next best. Small objects are not worth a request more.
        guard plan.withLock(\.partCount) > 1 || !info.checksums.isEmpty else { return }
        let held = info.checksums.isEmpty ? try await fetch.source.properties() : info
        let usable = held.checksums.filter { $0.compositePartCount == nil }
        guard held.etag == info.etag, let wanted = usable.first(where: { $0.algorithm == .crc64nvme }) ?? usable.first
        else { return }
        let actual: Checksum
        if wanted.algorithm == .crc64nvme, let known = combinedCode() {
            actual = known
        } else {
            actual = try await readBack(wanted.algorithm)
        }
        if actual.base64 != wanted.base64 { throw corrupted("it has the checksum \(actual), the store says \(wanted)") }
    }

    /// The whole's CRC from those of the parts.
    private func combinedCode() -> Checksum? {
        let parts = plan.withLock { plan in (0..<plan.partCount).map { plan.range($0).count } }
        var whole = CyclicRedundancyCode(.nvme64)
        let codes = codes.withLock { $0 }
        for (part, size) in parts.enumerated() {
            guard let code = codes[part] else { return nil }
            whole.append(value: code.value, byteCount: size)
        }
        return Checksum(.crc64nvme, base64: Base64.encode(whole.bigEndianBytes))
    }

    /// Another checksum than the one taken on the way: of what others have uploaded.
    private func readBack(_ algorithm: ChecksumAlgorithm) async throws -> Checksum {
        var (hasher, offset) = (ChecksumHasher(algorithm), 0)
        while offset < info.size {
            let bytes = try await fetch.destination.read(at: offset, count: min(1 << 20, info.size - offset))
            if bytes.readableBytes == 0 { break }
            hasher.update(bytes)
            offset += bytes.readableBytes
        }
        return hasher.finalized()
    }

    private func corrupted(_ what: String) -> ObjectStoreError {
        ObjectStoreError(.corrupted, operation: "download", key: fetch.source.description, message: what)
    }
}
