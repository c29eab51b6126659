// SPDX-License-Identifier: Apache-2.0

import Checksums
import NIOCore
import NIOHTTP1

/// Checks the answer to a GET: the right range, as many bytes as promised, and the checksum where there is one.
struct ReceivedBody: Sendable {
    let key: ObjectKey
    let asked: ByteRange?
    let location: String

    func body(_ reply: HTTPTransport.Reply) throws -> ObjectBody {
        let headers = reply.headers
        guard let length = headers.contentLength else { throw malformed("it has no content-length", reply) }
        if reply.status == 206 {
            let (sent, size) = try contentRange(reply)
            guard sent.count == length else { throw malformed("its content-range and content-length differ", reply) }
            guard let asked, asked.resolved(size: size) == sent else {
                throw malformed("it has bytes \(sent) of \(size), not those asked for", reply)
            }
            var info = try ObjectInfo(key, headers, size: size, location)
            // Servers differ in whose checksum they send with a part: the part's or the whole's. It says nothing then.
            if length < size { info.checksums = [] }
            let checksum = info.checksums.first { $0.compositePartCount == nil }
            return ObjectBody(info: info, range: sent, bytes: stream(reply, skip: 0, take: length, length, checksum))
        }
        let info = try ObjectInfo(key, headers, size: length, location)
        guard let asked else {
            // The whole object: its own checksum applies. One of the parts' checksums cannot be checked this way.
            let checksum = info.checksums.first { $0.compositePartCount == nil }
            var body = ObjectBody(
                info: info,
                range: 0..<length,
                bytes: stream(reply, skip: 0, take: length, length, checksum)
            )
            body.assuredCode = checksum.flatMap { CyclicRedundancyCode($0, byteCount: length) }
            return body
        }
        // The server ignored the range and sends everything.
        guard let range = asked.resolved(size: length) else {
            throw ObjectStoreError(
                .invalidRange,
                operation: "get",
                location: location,
                key: key.text,
                message: "\(asked.header) lies outside its \(length) bytes"
            )
        }
        return ObjectBody(
            info: info,
            range: range,
            bytes: stream(reply, skip: range.lowerBound, take: range.count, length, nil)
        )
    }

    private func contentRange(_ reply: HTTPTransport.Reply) throws -> (Range<Int>, Int) {
        let text = reply.headers.first(name: "content-range") ?? ""
        let pieces = text.dropFirst("bytes ".count).split { $0 == "-" || $0 == "/" }
        guard text.hasPrefix("bytes "), pieces.count == 3, let first = Int(pieces[0]), let last = Int(pieces[1]),
            let size = Int(pieces[2]), 0 <= first, first <= last, last < size
        else { throw malformed("its content-range is '\(text.prefix(100))'", reply) }
        return (first..<last + 1, size)
    }

    private func malformed(_ what: String, _ reply: HTTPTransport.Reply) -> ObjectStoreError {
        ObjectStoreError(
            .malformedResponse,
            operation: "get",
            location: location,
            key: key.text,
            status: reply.status,
            requestID: reply.headers.first(name: "x-amz-request-id"),
            message: "the answer is not usable: \(what)"
        )
    }

    private func stream(
        _ reply: HTTPTransport.Reply,
        skip: Int,
        take: Int,
        _ length: Int,
        _ checksum: Checksum?
    ) -> ByteStream {
        let context = ObjectStoreError(
            .connectionFailed,
            operation: "get",
            location: location,
            key: key.text,
            status: reply.status,
            requestID: reply.headers.first(name: "x-amz-request-id"),
            message: ""
        )
        return ByteStream(
            CheckedBytes(base: reply.body, skip: skip, take: take, length: length, checksum: checksum, context: context)
        )
    }
}

/// Bytes of an answer, counted and hashed on the way.
private struct CheckedBytes: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let base: ByteStream
    let skip: Int
    let take: Int
    let length: Int
    let checksum: Checksum?
    let context: ObjectStoreError

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            source: self,
            base: base.makeAsyncIterator(),
            hasher: checksum.map { ChecksumHasher($0.algorithm) }
        )
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        let source: CheckedBytes
        var base: ByteStream.AsyncIterator
        var hasher: ChecksumHasher?
        var received = 0

        mutating func next() async throws -> ByteBuffer? {
            while received < source.skip + source.take {
                var chunk: ByteBuffer
                do {
                    guard let arrived = try await base.next() else {
                        throw failure(.connectionFailed, "it ended early")
                    }
                    chunk = arrived
                } catch let error as ObjectStoreError {
                    throw failure(error.kind, error.message)
                }
                let start = received
                received += chunk.readableBytes
                if received > source.length { throw failure(.malformedResponse, "it is longer than it said") }
                hasher?.update(chunk)
                chunk.moveReaderIndex(forwardBy: Swift.min(chunk.readableBytes, Swift.max(0, source.skip - start)))
                let excess = received - (source.skip + source.take)
                if excess > 0, let cut = chunk.readSlice(length: chunk.readableBytes - excess) { chunk = cut }
                if received == source.length { try verify() }
                if chunk.readableBytes > 0 { return chunk }
            }
            return nil
        }

        private func verify() throws {
            guard let checksum = source.checksum, let hasher, hasher.finalized().base64 != checksum.base64 else {
                return
            }
            throw failure(.corrupted, "the bytes have checksum \(hasher.finalized()), not \(checksum)")
        }

        private func failure(_ kind: ObjectStoreError.Kind, _ message: String) -> ObjectStoreError {
            var error = source.context
            error.kind = kind
            error.message = "after \(received) of \(source.length) bytes of the answer: " + message
            return error
        }
    }
}
