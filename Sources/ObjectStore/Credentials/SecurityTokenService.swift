// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import NIOCore

/// Exchanges one identity for temporary credentials (AWS STS).
struct SecurityTokenService: Sendable {
    private struct Assumed: Decodable {
        var result: Result
        private enum CodingKeys: String, CodingKey { case result = "AssumeRoleResult" }
    }

    private struct AssumedByWeb: Decodable {
        var result: Result
        private enum CodingKeys: String, CodingKey { case result = "AssumeRoleWithWebIdentityResult" }
    }

    private struct Result: Decodable {
        var credentials: Document
        private enum CodingKeys: String, CodingKey { case credentials = "Credentials" }
    }

    private struct Document: Decodable {
        var accessKeyID: String
        var secretAccessKey: String
        var token: String
        var expiration: String

        private enum CodingKeys: String, CodingKey {
            case accessKeyID = "AccessKeyId"
            case secretAccessKey = "SecretAccessKey"
            case token = "SessionToken"
            case expiration = "Expiration"
        }

        var credentials: Credentials {
            Credentials(
                accessKeyID: accessKeyID,
                secretAccessKey: secretAccessKey,
                sessionToken: token,
                expiration: Timestamp.parse(expiration)
            )
        }
    }

    let context: CredentialContext
    let region: String?

    /// Takes a role on, with credentials of another.
    func assume(
        _ role: String,
        by source: Credentials,
        session: String?,
        externalID: String?,
        seconds: Int?
    ) async throws -> Credentials {
        var form = [
            ("Action", "AssumeRole"), ("Version", "2011-06-15"), ("RoleArn", role), ("RoleSessionName", name(session)),
        ]
        if let externalID { form.append(("ExternalId", externalID)) }
        if let seconds { form.append(("DurationSeconds", String(seconds))) }
        let body = try await post(form, signedBy: source, role)
        return try S3Answer.decode(Assumed.self, body).result.credentials.credentials
    }

    /// Takes a role on, with a token from a file that somebody renews.
    func assume(_ role: String, tokenFile: String, session: String?) async throws -> Credentials {
        guard let token = try await context.text(ofFile: context.path(tokenFile)) else {
            throw ObjectStoreError(
                .invalidCredentials,
                operation: "read the token",
                key: tokenFile,
                message: "there is no such file"
            )
        }
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
            ("RoleSessionName", name(session)),
            ("WebIdentityToken", token.trimmingCharacters(in: .whitespacesAndNewlines)),
        ]
        let body = try await post(form, signedBy: nil, role)
        return try S3Answer.decode(AssumedByWeb.self, body).result.credentials.credentials
    }

    private func name(_ session: String?) -> String { session ?? "lumina-\(Int(context.now().timeIntervalSince1970))" }

    private func post(
        _ form: [(String, String)],
        signedBy source: Credentials?,
        _ role: String
    ) async throws -> ByteBuffer {
        let region = region ?? context.variable("AWS_REGION") ?? context.variable("AWS_DEFAULT_REGION") ?? "us-east-1"
        let custom = context.variable("AWS_ENDPOINT_URL_STS") ?? context.variable("AWS_ENDPOINT_URL")
        let endpoint = try Endpoint(custom ?? "https://sts.\(region).amazonaws.com")
        let body = ByteBuffer(
            string: form.map { PercentEncoding.component($0.0) + "=" + PercentEncoding.component($0.1) }.joined(
                separator: "&"
            )
        )
        var headers = [
            (name: "host", value: endpoint.authority), ("content-type", "application/x-www-form-urlencoded"),
        ]
        if let source {
            var request = SignableRequest(method: "POST", path: "/", headers: headers)
            let hash = Hexadecimal.encode(SHA256.hash(data: Array(body.readableBytesView)))
            RequestSigner(source, region: region, service: "sts").sign(
                &request,
                payload: .hash(hash),
                at: context.now()
            )
            headers = request.headers
        }
        return try await context.ask(
            HTTPTransport.Request(endpoint, "POST", "/", headers: headers, body: .bytes(body)),
            timeout: .seconds(10),
            what: "the role \(role)"
        )
    }
}
