// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// Talks to a model hub: its own host with the token, wherever it redirects without.
final class HubClient: Sendable {
    private static let redirectLimit = 5

    let configuration: HubRepository.Configuration
    let reference: HubReference
    private let transport: HTTPTransport

    init(_ configuration: HubRepository.Configuration, _ reference: HubReference) throws(ObjectStoreError) {
        var settings = HTTPTransport.Configuration()
        settings.certificateAuthority = configuration.certificateAuthority
        settings.idleTimeout = configuration.idleTimeout
        transport = try HTTPTransport(settings)
        self.configuration = configuration
        self.reference = reference
    }

    /// A short JSON answer.
    func document(_ target: String) async throws -> ByteBuffer {
        let (reply, _) = try await get(target, headers: [("accept", "application/json")])
        return try await reply.collect(upTo: 32 << 20)
    }

    /// Asks for a path of the hub and follows where it leads.
    ///
    /// - Parameters:
    ///   - target: Path and query.
    ///   - headers: Sent with every step.
    /// - Returns: The last answer, and the headers of the first: the hub's own word on tag, size and commit.
    /// - Throws: `.malformedResponse` for redirects without end or to another protocol, and what the status says.
    func get(
        _ target: String,
        headers: [(name: String, value: String)]
    ) async throws -> (reply: HTTPTransport.Reply, hub: HTTPHeaders) {
        var url = configuration.endpoint.description + target
        var first: HTTPHeaders?
        var visited: Set<String> = []
        while true {
            guard visited.insert(url).inserted, visited.count <= Self.redirectLimit + 1 else {
                throw failure(.malformedResponse, "the hub redirects without end")
            }
            var request = try CredentialContext.request(url, headers: headers)
            if let token = configuration.token, isHub(request.endpoint) {
                request.headers.append(("authorization", "Bearer " + token))
            }
            let reply = try await transport.send(request)
            first = first ?? reply.headers
            switch reply.status {
            case 200, 206: return (reply, first ?? reply.headers)
            case 301, 302, 303, 307, 308: url = try next(url, reply.headers)
            default: throw refusal(reply)
            }
        }
    }

    private func isHub(_ endpoint: Endpoint) -> Bool {
        let hub = configuration.endpoint
        return endpoint.isSecure == hub.isSecure && endpoint.authority.lowercased() == hub.authority.lowercased()
    }

    private func next(_ url: String, _ headers: HTTPHeaders) throws -> String {
        guard let text = headers.first(name: "location"), let base = URL(string: url),
            let next = URL(string: text, relativeTo: base)?.absoluteURL, let scheme = next.scheme?.lowercased()
        else { throw failure(.malformedResponse, "the hub redirects to nowhere") }
        // What was asked for over an encrypted connection is not fetched over a plain one.
        guard scheme == "https" || (scheme == "http" && !configuration.endpoint.isSecure) else {
            throw failure(.malformedResponse, "the hub redirects to '\(scheme)'")
        }
        return next.absoluteString
    }

    private func refusal(_ reply: HTTPTransport.Reply) -> ObjectStoreError {
        var error: ObjectStoreError
        switch reply.status {
        case 401, 403:
            error = failure(
                .accessDenied,
                "the hub wants a token that may read it (HF_TOKEN), or its licence has to be accepted on its page"
            )
        case 404: error = failure(.notFound, "the hub has no such repository, revision or file")
        case 416: error = failure(.invalidRange, "the range lies outside the file")
        case 412: error = failure(.preconditionFailed, "the file has changed")
        case 429, 503: error = failure(.throttled, "the hub asks to slow down")
        case 500...: error = failure(.serverFailure, "the hub failed")
        default: error = failure(.invalidRequest, "the hub refused the request")
        }
        error.status = reply.status
        error.requestID = reply.headers.first(name: "x-request-id")
        return error
    }

    func failure(_ kind: ObjectStoreError.Kind, _ message: String) -> ObjectStoreError {
        ObjectStoreError(kind, operation: "get", location: reference.description, message: message)
    }
}

/// A file of a commit, read by range.
struct HubFile: RangeSource {
    let client: HubClient
    let commit: String
    let path: ObjectKey

    var description: String { location + "/" + path.text }

    private var location: String { client.reference.description }
    private var target: String {
        "/\(client.reference.owner)/\(client.reference.name)/resolve/\(commit)/" + PercentEncoding.path(path.text)
    }

    func open(_ range: ByteRange, ifMatch: ETag?) async throws -> ObjectBody {
        let (reply, hub) = try await client.get(target, headers: [("range", range.header)])
        let named = Self.named(reply, hub)
        if let ifMatch, named.headers.first(name: "etag").map({ ETag(quoting: $0) }) != ifMatch {
            throw client.failure(.preconditionFailed, "'\(path)' has changed")
        }
        return try ReceivedBody(key: path, asked: range, location: location).body(named)
    }

    func properties() async throws -> ObjectInfo {
        let (reply, hub) = try await client.get(target, headers: [])
        let named = Self.named(reply, hub)
        return try ObjectInfo(path, named.headers, size: named.headers.contentLength, location)
    }

    /// The hub's tag of a large file wins over that of the host which holds it.
    private static func named(_ reply: HTTPTransport.Reply, _ hub: HTTPHeaders) -> HTTPTransport.Reply {
        var reply = reply
        if let tag = hub.first(name: "x-linked-etag") ?? hub.first(name: "etag") {
            reply.headers.replaceOrAdd(name: "etag", value: tag)
        }
        return reply
    }
}
