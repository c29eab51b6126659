// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on 127.0.0.1 whose answers a test writes.
package enum LoopbackServer {
    /// Takes the parts of an answer, each once it is on its way.
    package struct Writer: Sendable {
        fileprivate let channel: any Channel

        /// Sends a part.
        ///
        /// - Throws: When the client has gone away.
        package func write(_ part: HTTPPart<HTTPResponseHead, ByteBuffer>) async throws {
            let written: HTTPServerResponsePart =
                switch part {
                case .head(let head): .head(head)
                case .body(let bytes): .body(.byteBuffer(bytes))
                case .end(let trailers): .end(trailers)
                }
            try await channel.writeAndFlush(written)
        }
    }

    /// Answers a request; false closes the connection.
    package typealias Handler = @Sendable (HTTPRequestHead, ByteBuffer, Writer) async throws -> Bool

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
        let (handlers, connections) = (Handlers(), Connections())
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(RequestHandler(handlers, connections))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let result = try await body(server.localAddress?.port ?? 0, handlers)
            await end(server, connections)
            return result
        } catch {
            await end(server, connections)
            throw error
        }
    }

    private static func end(_ server: any Channel, _ connections: Connections) async {
        // A listener that is closed already is as good.
        try? await server.close()
        await connections.end()
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

/// The connections that are open and the answers that are being given, all of which end with the server.
private final class Connections: Sendable {
    private struct State {
        var isEnding = false
        var channels: [ObjectIdentifier: any Channel] = [:]
        var answers: [Int: Task<Void, Never>] = [:]
        var answerCount = 0
    }

    private let state = Mutex(State())

    /// - Returns: false when the server is ending.
    func add(_ channel: any Channel) -> Bool {
        state.withLock { state in
            if !state.isEnding { state.channels[ObjectIdentifier(channel)] = channel }
            return !state.isEnding
        }
    }

    func remove(_ channel: any Channel) { state.withLock { $0.channels[ObjectIdentifier(channel)] = nil } }

    /// Runs an answer; nil when the server is ending.
    func answer(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never>? {
        state.withLock { state in
            if state.isEnding { return nil }
            let number = state.answerCount
            state.answerCount += 1
            let task = Task {
                await body()
                self.state.withLock { $0.answers[number] = nil }
            }
            state.answers[number] = task
            return task
        }
    }

    func end() async {
        let (channels, answers) = state.withLock { state in
            state.isEnding = true
            return (Array(state.channels.values), Array(state.answers.values))
        }
        for answer in answers { answer.cancel() }
        // One that the client has closed meanwhile is as good.
        for channel in channels { try? await channel.close() }
        for answer in answers { await answer.value }
    }
}

/// Gathers a connection's requests and has them answered one after the other; NIO's pipeline holds the next one back.
private final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let handlers: LoopbackServer.Handlers
    private let connections: Connections
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var limit: Int?
    private var answer: Task<Void, Never>?

    init(_ handlers: LoopbackServer.Handlers, _ connections: Connections) {
        self.handlers = handlers
        self.connections = connections
    }

    func channelActive(context: ChannelHandlerContext) {
        if !connections.add(context.channel) { return context.close(promise: nil) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.remove(context.channel)
        answer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(var found):
            limit = handlers.opener?(&found)
            (head, body) = (found, ByteBuffer())
        case .body(let bytes):
            body.writeImmutableBuffer(bytes)
            if let limit, body.readableBytes > limit {
                head = nil
                context.close(promise: nil)
            }
        case .end:
            guard let head, let handler = handlers.current else { return context.close(promise: nil) }
            let (channel, body) = (context.channel, body)
            self.head = nil
            self.body = ByteBuffer()
            answer = connections.answer {
                // A client that goes away is part of the game.
                let isKept = (try? await handler(head, body, LoopbackServer.Writer(channel: channel))) ?? false
                if !isKept { try? await channel.close() }
            }
            if answer == nil { context.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
