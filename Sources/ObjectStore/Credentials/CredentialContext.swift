// SPDX-License-Identifier: Apache-2.0

package import Foundation
import NIOCore

/// What the providers of credentials need: the environment, the files, and a way to ask servers on the network.
package struct CredentialContext: Sendable {
    let environment: [String: String]
    let home: String
    let transport: HTTPTransport
    let now: @Sendable () -> Date

    /// Takes everything from outside; nothing here reads the process's own environment.
    package init(
        environment: [String: String],
        home: String,
        transport: HTTPTransport,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.environment = environment
        self.home = home
        self.transport = transport
        self.now = now
    }

    /// A variable that is set and not empty.
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    func path(_ text: String) -> String { text.hasPrefix("~/") ? home + text.dropFirst() : text }

    /// The text of a small file; nil when there is none.
    func text(ofFile path: String) async throws -> String? {
        try await FileThreads.run {
            do throws(ObjectStoreError) {
                let file = try LocalFile(path, .read)
                return String(buffer: try file.read(at: 0, count: min(try file.status().size, 1 << 20)))
            } catch  where error.kind == .notFound {
                return nil
            }
        }
    }

    func profiles() async throws -> ProfileFile {
        let configuration = variable("AWS_CONFIG_FILE").map(path) ?? home + "/.aws/config"
        let credentials = variable("AWS_SHARED_CREDENTIALS_FILE").map(path) ?? home + "/.aws/credentials"
        return ProfileFile(
            configuration: try await text(ofFile: configuration) ?? "",
            credentials: try await text(ofFile: credentials) ?? ""
        )
    }

    /// Asks a server and expects a short answer of status 200.
    func ask(_ request: HTTPTransport.Request, timeout: Duration, what: String) async throws -> ByteBuffer {
        let reply = try await transport.send(request, timeout: timeout)
        let body = try await reply.collect(upTo: 1 << 20)
        guard reply.status == 200 else {
            throw ObjectStoreError(
                .invalidCredentials,
                operation: "get credentials from",
                key: what,
                status: reply.status,
                message: "the request was refused"
            )
        }
        return body
    }

    /// Splits a URL into server and target.
    static func request(
        _ url: String,
        method: String = "GET",
        headers: [(name: String, value: String)] = []
    ) throws -> HTTPTransport.Request {
        guard var parts = URLComponents(string: url) else {
            throw ObjectStoreError(.invalidRequest, message: "'\(url)' is no URL")
        }
        let target =
            (parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath)
            + (parts.percentEncodedQuery.map { "?" + $0 } ?? "")
        parts.path = ""
        parts.query = nil
        parts.fragment = nil
        return HTTPTransport.Request(try Endpoint(parts.string ?? url), method, target, headers: headers)
    }
}

/// The JSON in which containers, instances and processes hand out credentials.
struct CredentialDocument: Decodable {
    var accessKeyID: String?
    var secretAccessKey: String?
    var token: String?
    var expiration: String?
    var version: Int?
    var code: String?

    private enum CodingKeys: String, CodingKey {
        case accessKeyID = "AccessKeyId"
        case secretAccessKey = "SecretAccessKey"
        case token = "Token"
        case sessionToken = "SessionToken"
        case expiration = "Expiration"
        case version = "Version"
        case code = "Code"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        accessKeyID = try values.decodeIfPresent(String.self, forKey: .accessKeyID)
        secretAccessKey = try values.decodeIfPresent(String.self, forKey: .secretAccessKey)
        token =
            try values.decodeIfPresent(String.self, forKey: .token)
            ?? values.decodeIfPresent(String.self, forKey: .sessionToken)
        expiration = try values.decodeIfPresent(String.self, forKey: .expiration)
        version = try values.decodeIfPresent(Int.self, forKey: .version)
        code = try values.decodeIfPresent(String.self, forKey: .code)
    }

    /// Reads the document.
    ///
    /// - Throws: `.invalidCredentials`; the text itself is not shown, it may hold secrets.
    static func credentials(_ body: ByteBuffer, from what: String) throws -> Credentials {
        let document = try? JSONDecoder().decode(CredentialDocument.self, from: Data(body.readableBytesView))
        guard let document, let key = document.accessKeyID, let secret = document.secretAccessKey else {
            let reason = document?.code.map { "it says '\($0.prefix(100))'" } ?? "the answer is no document with keys"
            throw ObjectStoreError(.invalidCredentials, operation: "get credentials from", key: what, message: reason)
        }
        return Credentials(
            accessKeyID: key,
            secretAccessKey: secret,
            sessionToken: document.token,
            expiration: document.expiration.flatMap(Timestamp.parse)
        )
    }
}
