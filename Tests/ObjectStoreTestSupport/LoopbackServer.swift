// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on 127.0.0.1 whose answers a test writes.
package enum LoopbackServer {
    /// Takes the parts of an answer.
    package typealias Writer = NIOAsyncChannelOutboundWriter<HTTPPart<HTTPResponseHead, ByteBuffer>>
    /// Answers a request; false closes the connection.
    package typealias Handler = @Sendable (HTTPRequestHead, ByteBuffer, Writer) async throws -> Bool

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPPart<HTTPResponseHead, ByteBuffer>>

    /// Looks at a request's head before its body comes, and may mark it; a number closes the connection after so many bytes
    /// of the body.
    package typealias Opener = @Sendable (inout HTTPRequestHead) -> Int?

    /// Holds the handler, which often has to know the port first.
    package final class Handlers: Sendable {
        private let handlers = Mutex<(answer: Handler?, open: Opener?)>((nil, nil))
        /// Sets what answers requests from now on.
        package func set(open: Opener? = nil, _ new: @escaping Handler) { handlers.withLock { $0 = (new, open) } }
        fileprivate var current: Handler? { handlers.withLock(\.answer) }
        fileprivate var opener: Opener? { handlers.withLock(\.open) }
    }

    /// Runs a server while something is done.
    ///
    /// - Parameter body: Gets the port, and sets the handler.
    /// - Returns: What `body` returned.
    /// - Throws: What `body` threw.
    package static func run<Result: Sendable>(
        _ body: @escaping @Sendable (Int, Handlers) async throws -> Result
    ) async throws -> Result {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(AnswerEncoder())
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        let (handlers, port) = (Handlers(), server.channel.localAddress?.port ?? 0)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    await withDiscardingTaskGroup { group in
                        do {
                            for try await connection in connections {
                                group.addTask { await serve(connection, handlers) }
                            }
                        } catch {
                            group.cancelAll()
                        }
                    }
                }
                return nil
            }
            group.addTask { try await body(port, handlers) }
            defer { group.cancelAll() }
            while let finished = try await group.next() { if let finished { return finished } }
            throw CancellationError()
        }
    }

    private static func serve(_ connection: Connection, _ handlers: Handlers) async {
        // A client that goes away is part of the game.
        try? await connection.executeThenClose { inbound, outbound in
            var parts = inbound.makeAsyncIterator()
            while let request = try await request(&parts, handlers.opener), let handler = handlers.current {
                if try await !handler(request.head, request.body, outbound) { return }
            }
        }
    }

    private static func request(
        _ parts: inout NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator,
        _ opener: Opener?
    ) async throws -> (head: HTTPRequestHead, body: ByteBuffer)? {
        var head: HTTPRequestHead?
        var body = ByteBuffer()
        var limit: Int?
        while let part = try await parts.next(isolation: #isolation) {
            switch part {
            case .head(var found):
                limit = opener?(&found)
                head = found
            case .body(let bytes):
                body.writeImmutableBuffer(bytes)
                if let limit, body.readableBytes > limit { return nil }
            case .end: return head.map { ($0, body) }
            }
        }
        return nil
    }

    /// Writes a whole answer.
    package static func write(
        _ status: Int,
        _ headers: HTTPHeaders,
        _ body: ByteBuffer,
        _ outbound: Writer
    ) async throws {
        var headers = headers
        headers.add(name: "content-length", value: String(body.readableBytes))
        try await outbound.write(
            .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers))
        )
        if body.readableBytes > 0 { try await outbound.write(.body(body)) }
        try await outbound.write(.end(nil))
    }
}

/// Turns buffers into what NIO's encoder takes.
private final class AnswerEncoder: ChannelOutboundHandler {
    typealias OutboundIn = HTTPPart<HTTPResponseHead, ByteBuffer>
    typealias OutboundOut = HTTPServerResponsePart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let bytes): context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: promise)
        case .end(let trailers): context.write(wrapOutboundOut(.end(trailers)), promise: promise)
        }
    }
}
