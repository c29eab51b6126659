// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
package import NIOCore
package import NIOHTTP1
import NIOPosix
import NIOSSL

/// Connections to servers, shared by all requests of a store.
///
/// Nothing is followed, decompressed or retried here: a redirected request has to be signed again, and checksums are of
/// the bytes that were sent.
package final class HTTPTransport: Sendable {
    /// How to connect.
    package struct Configuration: Sendable {
        /// The most connections to one host.
        package var connectionCount = 32
        /// How long making a connection may take.
        package var connectTimeout = Duration.seconds(3)
        /// How long a connection may be silent, before the first byte and between two.
        package var idleTimeout = Duration.seconds(15)
        /// A PEM file with the certificates to trust instead of the system's.
        package var certificateAuthority: String?
        /// Addresses to use for hosts, for tests of bucket names in host names.
        package var addresses: [String: String] = [:]

        /// The defaults.
        package init() {}
    }

    /// What to send.
    package struct Request: Sendable {
        /// The server.
        package var endpoint: Endpoint
        /// The method, such as `GET`.
        package var method: String
        /// Path and query as they go on the wire.
        package var target: String
        /// All headers but `content-length`.
        package var headers: [(name: String, value: String)]
        /// nil sends none.
        package var body: RequestBody?

        /// Describes a request.
        package init(
            _ endpoint: Endpoint,
            _ method: String,
            _ target: String,
            headers: [(name: String, value: String)] = [],
            body: RequestBody? = nil
        ) {
            self.endpoint = endpoint
            self.method = method
            self.target = target
            self.headers = headers
            self.body = body
        }
    }

    /// What came back.
    package struct Reply: Sendable {
        /// The HTTP status.
        package var status: Int
        /// The headers.
        package var headers: HTTPHeaders
        /// The body, as it arrives; its failures are `ObjectStoreError`s.
        package var body: ByteStream

        /// The body in one buffer.
        ///
        /// - Parameter limit: The most bytes; more are an error.
        /// - Returns: All bytes.
        /// - Throws: `.malformedResponse` for more than `limit` bytes, and what broke the connection.
        package func collect(upTo limit: Int) async throws -> ByteBuffer {
            var collected = ByteBuffer()
            for try await chunk in body {
                if collected.readableBytes + chunk.readableBytes > limit {
                    throw ObjectStoreError(.malformedResponse, message: "the answer is longer than \(limit) bytes")
                }
                collected.writeImmutableBuffer(chunk)
            }
            return collected
        }
    }

    /// The loops of all connections, never stopped: few, because a body that is sent has to ask them all.
    private static let loops = MultiThreadedEventLoopGroup(numberOfThreads: min(4, System.coreCount))

    /// Run tasks on the threads of the connections; for tasks of many small requests that compute little.
    static let executors: [any TaskExecutor] = loops.makeIterator().map { LoopExecutor($0) }

    private let client: HTTPClient
    private let idleTimeout: Duration

    /// Makes no connection yet.
    ///
    /// - Throws: `.localFile` when the certificates cannot be read.
    package init(_ configuration: Configuration = Configuration()) throws(ObjectStoreError) {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: TimeAmount(configuration.connectTimeout),
                read: TimeAmount(configuration.idleTimeout),
                write: TimeAmount(configuration.idleTimeout)
            ),
            decompression: .disabled
        )
        settings.httpVersion = .http1Only
        // Nobody reads the spans, and each request would gather its attributes.
        settings.tracing.tracer = nil
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connectionCount
        // S3 closes idle connections after about 20 s; ours go first. A failed connect is the caller's to retry.
        settings.connectionPool.idleTimeout = .seconds(15)
        settings.connectionPool.retryConnectionEstablishment = false
        settings.dnsOverride = configuration.addresses
        if let path = configuration.certificateAuthority {
            settings.tlsConfiguration = try Self.trusting(path)
        }
        // NIO reads at most 64 KiB at once by itself; fewer, larger reads cost less processor time a byte.
        settings.http1_1ConnectionDebugInitializer = { channel in
            // Little unsent lies in the kernel: else a slow line is still at a body that was "sent" long ago, and the time
            // that a server may be silent runs out meanwhile. Where the option is unknown, nothing is lost.
            let lowWater = channel.setOption(.tcpOption(.init(rawValue: unsentLowWaterOption)), value: 512 << 10)
            return lowWater.recover { _ in }.flatMap {
                channel.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 256 << 10))
            }.flatMap {
                // So many of these buffers a connection keeps.
                channel.setOption(.maxMessagesPerRead, value: 2)
            }
        }
        idleTimeout = configuration.idleTimeout
        client = HTTPClient(eventLoopGroupProvider: .shared(Self.loops), configuration: settings)
    }

    deinit { client.shutdown { _ in } }

    private static func trusting(_ path: String) throws(ObjectStoreError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        do {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
        } catch {
            throw ObjectStoreError(
                .localFile,
                operation: "read certificates from",
                key: path,
                message: "it is missing or no PEM file; check AWS_CA_BUNDLE"
            )
        }
        return configuration
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// - Parameters:
    ///   - request: What to send.
    ///   - timeout: How long head and body may take together; nil leaves it to the idle timeout.
    /// - Returns: Status, headers and the body to come.
    /// - Throws: `.connectionFailed`, `.timedOut`, or `CancellationError`.
    package func send(_ request: Request, timeout: Duration? = nil) async throws -> Reply {
        var outgoing = HTTPClientRequest(url: request.endpoint.withoutPath + request.target)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        let deadline = timeout.map { NIODeadline.now() + TimeAmount($0) } ?? .distantFuture
        do {
            let response: HTTPClientResponse
            switch request.body {
            case .bytes(let bytes) where bytes.readableBytes <= OutgoingBody.pieceSize:
                outgoing.body = .bytes(bytes)
                response = try await client.execute(outgoing, deadline: deadline)
            case .some(let body): response = try await send(outgoing, body, deadline)
            case nil: response = try await client.execute(outgoing, deadline: deadline)
            }
            return Reply(
                status: Int(response.status.code),
                headers: response.headers,
                body: ByteStream(TransportBytes(base: response.body))
            )
        } catch {
            throw TransportFailure.translated(error)
        }
    }

    /// Waits until every loop has done what it was asked before: loops work in order.
    private static func settle() async throws {
        let turns = loops.makeIterator().map { $0.submit {} }
        try await EventLoopFuture.andAllSucceed(turns, on: loops.next()).get()
    }

    /// Sends a large body as fast as the connection takes it, and gives up when that takes nothing for too long.
    ///
    /// The client's own timers see neither: one that waits for the answer starts when the body is handed over, and none
    /// runs while a connection takes nothing.
    private func send(
        _ head: HTTPClientRequest,
        _ body: RequestBody,
        _ deadline: NIODeadline
    ) async throws -> HTTPClientResponse {
        let outgoing = OutgoingBody(body, settle: Self.settle)
        var request = head
        request.body = .stream(outgoing, length: .known(Int64(body.count)))
        return try await withThrowingTaskGroup(of: HTTPClientResponse?.self) { [request, client, idleTimeout] group in
            group.addTask { try await client.execute(request, deadline: deadline) }
            group.addTask {
                try await outgoing.watch(idleTimeout)
                return nil
            }
            defer { group.cancelAll() }
            while let finished = try await group.next() { if let finished { return finished } }
            throw CancellationError()
        }
    }
}

#if canImport(Darwin)
/// `TCP_NOTSENT_LOWAT` of Darwin.
private let unsentLowWaterOption: CInt = 0x201
#else
/// `TCP_NOTSENT_LOWAT` of Linux.
private let unsentLowWaterOption: CInt = 25
#endif

extension Endpoint {
    fileprivate var withoutPath: String { (isSecure ? "https://" : "http://") + authority }
}

/// The body of an answer, with failures said in this module's words.
private struct TransportBytes: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let base: HTTPClientResponse.Body

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator()) }

    struct AsyncIterator: AsyncIteratorProtocol {
        var base: HTTPClientResponse.Body.AsyncIterator

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await base.next(isolation: #isolation)
            } catch {
                throw TransportFailure.translated(error)
            }
        }
    }
}
