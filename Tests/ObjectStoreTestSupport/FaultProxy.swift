// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
package import ObjectStore
import Synchronization

/// A proxy before a real S3 server that fails on purpose: what no server does on demand, fixed by a plan.
package final class FaultProxy: Sendable {
    /// What may happen to a request.
    package enum Fault: Sendable, Hashable {
        /// An answer without asking the server: status, S3's code, `Retry-After` in seconds.
        case status(Int, code: String?, retryAfter: Int?)
        /// Status 200 with a failure in the body.
        case errorInside
        /// The connection is closed before the server hears of the request.
        case resetBefore
        /// The connection is closed after so many bytes of the request's body.
        case resetDuringRequest(Int)
        /// The server does what was asked; the answer is lost.
        case lostAnswer
        /// The connection is closed after so many bytes of the answer's body.
        case resetAfter(Int)
        /// Nothing is answered for so long.
        case stall(Duration)
        /// A byte of the body is another one.
        case wrongByte
        /// The answer to a range is of other bytes.
        case wrongRange
        /// The answer's tag is another one.
        case otherTag
        /// The server says that the bucket is in another region.
        case otherRegion(Int, String)
    }

    /// What a plan sees of a request.
    package struct Seen: Sendable {
        /// The number of the request, from 0.
        package let index: Int
        /// Its method.
        package let method: String
        /// Its path and query.
        package let target: String
    }

    /// Slows every connection down.
    package struct Shape: Sendable {
        /// Before the head of each answer.
        package var latency: Duration = .zero
        /// For each connection; nil as fast as it goes.
        package var bytesPerSecond: Int?

        /// Changes nothing.
        package init(latency: Duration = .zero, bytesPerSecond: Int? = nil) {
            self.latency = latency
            self.bytesPerSecond = bytesPerSecond
        }
    }

    private let upstream: Endpoint
    private let transport: HTTPTransport
    private let plan: @Sendable (Seen) -> Fault?
    private let shape: Shape
    private let seen = Mutex<[(request: Seen, fault: Fault?)]>([])
    private static let mark = "x-fault-index"
    /// Where the proxy listens.
    package let endpoint: Endpoint

    private init(
        _ upstream: Endpoint,
        port: Int,
        shape: Shape,
        plan: @escaping @Sendable (Seen) -> Fault?
    ) throws {
        self.upstream = upstream
        self.plan = plan
        self.shape = shape
        var configuration = HTTPTransport.Configuration()
        configuration.connectionCount = 256
        transport = try HTTPTransport(configuration)
        endpoint = Endpoint(isSecure: false, host: "127.0.0.1", port: port)
    }

    /// The requests so far.
    package var requests: [Seen] { seen.withLock { $0.map(\.request) } }

    /// Runs a proxy while something is done.
    ///
    /// - Parameters:
    ///   - upstream: The server behind it.
    ///   - shape: How slow it is.
    ///   - plan: What happens to which request.
    ///   - body: What is done.
    /// - Returns: What `body` returned.
    /// - Throws: What `body` threw.
    package static func run<Result: Sendable>(
        _ upstream: Endpoint,
        shape: Shape = Shape(),
        plan: @escaping @Sendable (Seen) -> Fault?,
        _ body: @escaping @Sendable (FaultProxy) async throws -> Result
    ) async throws -> Result {
        try await LoopbackServer.run { port, handlers in
            let proxy = try FaultProxy(upstream, port: port, shape: shape, plan: plan)
            handlers.set(open: { proxy.open(&$0) }) { head, body, outbound in
                try await proxy.answer(head, body, outbound)
            }
            return try await body(proxy)
        }
    }

    /// Decides what happens to a request when its head is there.
    private func open(_ head: inout HTTPRequestHead) -> Int? {
        let request = seen.withLock { seen in
            let request = Seen(index: seen.count, method: head.method.rawValue, target: head.uri)
            seen.append((request, nil))
            return request
        }
        let fault = plan(request)
        seen.withLock { $0[request.index].fault = fault }
        head.headers.replaceOrAdd(name: Self.mark, value: String(request.index))
        if case .resetDuringRequest(let count) = fault { return count }
        return nil
    }

    /// - Returns: false when the connection is to be closed.
    private func answer(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer,
        _ outbound: LoopbackServer.Writer
    ) async throws -> Bool {
        let index = head.headers.first(name: Self.mark).flatMap { Int($0) } ?? 0
        let fault = seen.withLock { $0[index].fault }
        switch fault {
        case .resetBefore: return false
        case .status(let status, let code, let retryAfter):
            var headers = HTTPHeaders()
            if let retryAfter { headers.add(name: "retry-after", value: String(retryAfter)) }
            try await write(status, headers, Self.error(code, head), outbound)
            return true
        case .otherRegion(let status, let region):
            try await write(status, ["x-amz-bucket-region": region], Self.error("PermanentRedirect", head), outbound)
            return true
        case .errorInside:
            try await write(200, [:], Self.error("InternalError", head), outbound)
            return true
        case .stall(let duration): try await Task.sleep(for: duration)
        default: break
        }
        let reply = try await transport.send(forwarded(head, body))
        if fault == .lostAnswer {
            _ = try await reply.collect(upTo: 1 << 30)
            return false
        }
        return try await pass(reply, head, fault, outbound)
    }

    private func forwarded(_ head: HTTPRequestHead, _ body: ByteBuffer) -> HTTPTransport.Request {
        let headers = head.headers.filter {
            ![Self.mark, "content-length", "connection", "transfer-encoding"].contains($0.name.lowercased())
        }
        return HTTPTransport.Request(
            upstream,
            head.method.rawValue,
            head.uri,
            headers: headers.map { ($0.name, $0.value) },
            body: body.readableBytes > 0 || head.method == .PUT || head.method == .POST ? .bytes(body) : nil
        )
    }

    private func pass(
        _ reply: HTTPTransport.Reply,
        _ request: HTTPRequestHead,
        _ fault: Fault?,
        _ outbound: LoopbackServer.Writer
    ) async throws -> Bool {
        var headers = reply.headers
        if fault == .otherTag { headers.replaceOrAdd(name: "etag", value: "\"00000000000000000000000000000000\"") }
        if fault == .wrongRange { headers.replaceOrAdd(name: "content-range", value: "bytes 1-2/3") }
        if shape.latency > .zero { try await Task.sleep(for: shape.latency) }
        try await outbound.write(
            .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status), headers: headers))
        )
        var sent = 0
        var flip = fault == .wrongByte
        for try await chunk in reply.body {
            var bytes = chunk
            if flip, let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) {
                bytes.setInteger(first ^ 1, at: bytes.readerIndex)
                flip = false
            }
            if case .resetAfter(let limit) = fault, sent + bytes.readableBytes >= limit {
                try await outbound.write(
                    .body(bytes.getSlice(at: bytes.readerIndex, length: max(0, limit - sent)) ?? bytes)
                )
                return false
            }
            sent += bytes.readableBytes
            try await paced(bytes, outbound)
        }
        try await outbound.write(.end(nil))
        return true
    }

    private func paced(
        _ bytes: ByteBuffer,
        _ outbound: LoopbackServer.Writer
    ) async throws {
        if let rate = shape.bytesPerSecond {
            try await Task.sleep(for: .seconds(Double(bytes.readableBytes) / Double(rate)))
        }
        try await outbound.write(.body(bytes))
    }

    private func write(
        _ status: Int,
        _ extra: HTTPHeaders,
        _ body: ByteBuffer,
        _ outbound: LoopbackServer.Writer
    ) async throws {
        var headers = extra
        headers.add(name: "content-length", value: String(body.readableBytes))
        headers.add(name: "x-amz-request-id", value: "proxy")
        try await outbound.write(
            .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers))
        )
        if body.readableBytes > 0 { try await outbound.write(.body(body)) }
        try await outbound.write(.end(nil))
    }

    private static func error(_ code: String?, _ head: HTTPRequestHead) -> ByteBuffer {
        guard let code, head.method != .HEAD else { return ByteBuffer() }
        return ByteBuffer(
            string: "<Error><Code>\(code)</Code><Message>on purpose</Message><RequestId>proxy</RequestId></Error>"
        )
    }
}

extension HTTPHeaders {
    fileprivate func filter(_ isIncluded: ((name: String, value: String)) -> Bool) -> [(name: String, value: String)] {
        var kept: [(name: String, value: String)] = []
        for header in self where isIncluded((header.name, header.value)) { kept.append((header.name, header.value)) }
        return kept
    }
}
