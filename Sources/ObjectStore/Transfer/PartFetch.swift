// SPDX-License-Identifier: Apache-2.0

import Checksums
import NIOCore

/// Fetches one range, going on after every interruption where it broke.
struct PartFetch: Sendable {
    /// Slower than this for `slowWindow` and the connection is given up: another one is likely to be better.
    private static let slowestRate = 64 << 10
    private static let slowWindow = Duration.seconds(10)

    let source: any RangeSource
    let destination: any TransferDestination
    let retry: RetryPolicy
    let budget: RetryBudget
    let limit: AdaptiveLimit
    var meter: ProgressMeter

    /// The same, with its bytes counted elsewhere.
    func counting(in meter: ProgressMeter) -> PartFetch {
        var copy = self
        copy.meter = meter
        return copy
    }

    /// Fetches `range` of the object called `etag`.
    ///
    /// - Parameters:
    ///   - range: The bytes.
    ///   - etag: The object that it must still be.
    ///   - size: Its size.
    ///   - expected: The SHA-256 of the bytes, in hexadecimal digits.
    ///   - opened: An answer that has begun already.
    /// - Returns: The CRC of the bytes.
    /// - Throws: `.corrupted`, `.changedDuringTransfer`, and what retries did not overcome.
    func run(
        _ range: Range<Int>,
        etag: ETag,
        size: Int,
        expected: String?,
        opened: ObjectBody? = nil
    ) async throws -> CyclicRedundancyCode {
        let result = try await attempts(range, etag: etag, size: size, wantsHash: expected != nil, opened: opened)
        guard let expected, result.hash != expected else { return result.code }
        meter.add(-range.count)
        let again = try await attempts(range, etag: etag, size: size, wantsHash: true, opened: nil)
        if again.hash != expected {
            throw ObjectStoreError(
                .corrupted,
                operation: "download",
                key: source.description,
                message: "bytes \(range) have SHA-256 \(again.hash ?? "?"), the manifest says \(expected)"
            )
        }
        return again.code
    }

    private func attempts(
        _ range: Range<Int>,
        etag: ETag,
        size: Int,
        wantsHash: Bool,
        opened: ObjectBody?
    ) async throws -> PartDigest {
        // A store's own checksum is compared as the bytes arrive: the same one taken again would tell nothing more.
        let knownCode = opened.flatMap { $0.range == range ? $0.assuredCode : nil }
        var received = PartDigest(wantsHash: wantsHash, knownCode: knownCode)
        var (position, attempt, body, isRepeated) = (range.lowerBound, 1, opened, false)
        while true {
            let start = position
            do {
                let current: ObjectBody
                if let body {
                    current = body
                } else {
                    current = try await open(position..<range.upperBound, etag, size)
                }
                body = nil
                let end = min(range.upperBound, current.range.upperBound)
                try await receive(current, end: end, &position, &received)
                budget.giveBack(0)
                // The first answer was asked for before the size of a part was known.
                if position < range.upperBound { continue }
                return received
            } catch let error as ObjectStoreError {
                body = nil
                if error.kind == .corrupted {
                    // Which of the bytes are wrong, nobody knows: all of them again, once.
                    if isRepeated { throw error }
                    isRepeated = true
                    meter.add(range.lowerBound - position)
                    position = range.lowerBound
                    received = PartDigest(wantsHash: wantsHash)
                } else {
                    if position > start { attempt = 1 }
                    // The rest comes by another answer, of which the checksum says nothing.
                    if knownCode != nil { received = try await digest(of: range.lowerBound..<position, wantsHash) }
                }
                if [.throttled, .timedOut].contains(error.kind) { limit.overloaded() }
                let wait = retry.wait(
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

    /// The digest of what has been received.
    private func digest(of range: Range<Int>, _ wantsHash: Bool) async throws -> PartDigest {
        var (digest, offset) = (PartDigest(wantsHash: wantsHash), range.lowerBound)
        while offset < range.upperBound {
            let bytes = try await destination.read(at: offset, count: min(1 << 20, range.upperBound - offset))
            if bytes.readableBytes == 0 { break }
            digest.update(bytes)
            offset += bytes.readableBytes
        }
        return digest
    }

    private func open(_ range: Range<Int>, _ etag: ETag, _ size: Int) async throws -> ObjectBody {
        let body: ObjectBody
        do {
            body = try await source.open(.bounded(range), ifMatch: etag)
        } catch let error as ObjectStoreError where error.kind == .preconditionFailed || error.kind == .invalidRange {
            throw changed("it is no longer \(etag)")
        }
        // Not every server looks at If-Match: look ourselves.
        guard body.info.etag == etag, body.info.size == size else {
            throw changed("it is \(body.info.etag) now, not \(etag)")
        }
        guard body.range == range else {
            throw ObjectStoreError(
                .malformedResponse,
                operation: "download",
                key: source.description,
                message: "asked for bytes \(range), got \(body.range)"
            )
        }
        return body
    }

    private func changed(_ how: String) -> ObjectStoreError {
        ObjectStoreError(
            .changedDuringTransfer,
            operation: "download",
            key: source.description,
            message: "it was overwritten meanwhile: \(how)"
        )
    }

    private func receive(
        _ body: ObjectBody,
        end: Int,
        _ position: inout Int,
        _ received: inout PartDigest
    ) async throws {
        let clock = ContinuousClock()
        var (windowStart, windowBytes) = (clock.now, 0)
        // Handing bytes to another thread costs more than writing a few: they are handed over several at once.
        var (chunks, gathered) = ([ByteBuffer](), 0)
        do {
            for try await chunk in body.bytes {
                var bytes = chunk
                if bytes.readableBytes > end - position - gathered {
                    bytes = chunk.getSlice(at: chunk.readerIndex, length: end - position - gathered) ?? chunk
                }
                chunks.append(bytes)
                gathered += bytes.readableBytes
                windowBytes += bytes.readableBytes
                let isLast = position + gathered == end
                if gathered >= destination.worthwhileCount || isLast {
                    try await hand(chunks, gathered, &position, &received)
                    (chunks, gathered) = ([], 0)
                }
                if isLast { return }
                let elapsed = clock.now - windowStart
                if elapsed > Self.slowWindow {
                    if Double(windowBytes) < Double(Self.slowestRate) * elapsed.seconds {
                        throw ObjectStoreError(
                            .timedOut,
                            operation: "download",
                            key: source.description,
                            message: "it has become too slow"
                        )
                    }
                    (windowStart, windowBytes) = (clock.now, 0)
                }
            }
        } catch let error as ObjectStoreError {
            // What has arrived before the failure need not come again.
            try await hand(chunks, gathered, &position, &received)
            throw error
        }
        try await hand(chunks, gathered, &position, &received)
        if position < end {
            throw ObjectStoreError(
                .connectionFailed,
                operation: "download",
                key: source.description,
                message: "the answer ended \(end - position) bytes early"
            )
        }
    }

    private func hand(
        _ chunks: [ByteBuffer],
        _ count: Int,
        _ position: inout Int,
        _ received: inout PartDigest
    ) async throws {
        if chunks.isEmpty { return }
        received = try await destination.write(chunks, at: position, received)
        position += count
        meter.add(count)
    }
}
