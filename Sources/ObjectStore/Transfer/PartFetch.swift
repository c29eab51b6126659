// SPDX-License-Identifier: Apache-2.0

import Crypto
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
    let meter: ProgressMeter

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

    private struct Received {
        var code = CyclicRedundancyCode(.nvme64)
        var hasher: SHA256?
        var hash: String? { hasher.map { Hexadecimal.encode($0.finalize()) } }
    }

    private func attempts(
        _ range: Range<Int>,
        etag: ETag,
        size: Int,
        wantsHash: Bool,
        opened: ObjectBody?
    ) async throws -> Received {
        var received = Received(hasher: wantsHash ? SHA256() : nil)
        var (position, attempt, body) = (range.lowerBound, 1, opened)
        while true {
            let start = position
            do {
                let current: ObjectBody
                if let body {
                    current = body
                } else {
                    current = try await open(position..<range.upperBound, etag, size)
                }
                try await receive(current, end: range.upperBound, &position, &received)
                budget.giveBack(0)
                return received
            } catch let error as ObjectStoreError {
                if position > start { attempt = 1 }
                body = nil
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
        _ received: inout Received
    ) async throws {
        let clock = ContinuousClock()
        var (windowStart, windowBytes) = (clock.now, 0)
        for try await chunk in body.bytes {
            var bytes = chunk
            if bytes.readableBytes > end - position {
                bytes = chunk.getSlice(at: chunk.readerIndex, length: end - position) ?? chunk
            }
            unsafe bytes.withUnsafeReadableBytes { raw in
                unsafe received.code.update(raw)
                unsafe received.hasher?.update(bufferPointer: raw)
            }
            try await destination.write(bytes, at: position)
            position += bytes.readableBytes
            meter.add(bytes.readableBytes)
            if position == end { return }
            windowBytes += bytes.readableBytes
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
        if position < end {
            throw ObjectStoreError(
                .connectionFailed,
                operation: "download",
                key: source.description,
                message: "the answer ended \(end - position) bytes early"
            )
        }
    }
}
