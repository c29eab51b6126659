// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// Looks for credentials where the AWS command line does, in its order.
///
/// Environment (unless a profile is named) → role of the profile → web identity → single sign-on → credentials file →
/// process → configuration file → container → instance metadata. The first place that is set up decides: if it fails,
/// the failure is reported, not hidden by asking the next (source: botocore's `create_credential_resolver`).
public struct CredentialChain: CredentialProvider {
    private let providers: [any CredentialProvider]

    /// Sets the chain up; nothing is read yet.
    ///
    /// - Parameters:
    ///   - environment: The process's environment, or what stands for it.
    ///   - home: The user's directory, that holds `.aws`.
    ///   - profile: A profile that the user named; else `AWS_PROFILE`, else `default`.
    /// - Throws: `.localFile` when the certificates of `AWS_CA_BUNDLE` cannot be read.
    public init(environment: [String: String], home: String, profile: String? = nil) throws(ObjectStoreError) {
        var configuration = HTTPTransport.Configuration()
        configuration.certificateAuthority = environment["AWS_CA_BUNDLE"].flatMap { $0.isEmpty ? nil : $0 }
        let transport = try HTTPTransport(configuration)
        self.init(CredentialContext(environment: environment, home: home, transport: transport), profile: profile)
    }

    package init(_ context: CredentialContext, profile: String?) {
        let name = profile ?? context.variable("AWS_PROFILE") ?? context.variable("AWS_DEFAULT_PROFILE")
        var providers: [any CredentialProvider] = []
        if profile == nil { providers.append(EnvironmentCredentials(context: context)) }
        providers.append(
            ProfileCredentials(context: context, profile: name ?? "default", isNamed: name != nil, step: .role)
        )
        if profile == nil { providers.append(WebIdentityCredentials(context: context)) }
        for step in [ProfileCredentials.Step.webIdentity, .signOn, .sharedFile, .process, .configurationFile] {
            providers.append(
                ProfileCredentials(context: context, profile: name ?? "default", isNamed: name != nil, step: step)
            )
        }
        providers.append(ContainerCredentials(context: context))
        providers.append(InstanceCredentials(context: context))
        self.providers = providers
    }

    /// The places, in order.
    public var name: String { providers.map(\.name).joined(separator: ", ") }

    /// Asks one place after the other.
    public func credentials() async throws -> Credentials? {
        for provider in providers {
            if let found = try await provider.credentials() { return found }
        }
        return nil
    }
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
struct EnvironmentCredentials: CredentialProvider {
    let context: CredentialContext
    var name: String { "environment" }

    func credentials() async throws -> Credentials? {
        guard let key = context.variable("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secret = context.variable("AWS_SECRET_ACCESS_KEY") else {
            throw ObjectStoreError(
                .invalidCredentials,
                message: "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not"
            )
        }
        return Credentials(
            accessKeyID: key,
            secretAccessKey: secret,
            sessionToken: context.variable("AWS_SESSION_TOKEN") ?? context.variable("AWS_SECURITY_TOKEN"),
            expiration: context.variable("AWS_CREDENTIAL_EXPIRATION").flatMap(Timestamp.parse)
        )
    }
}

/// `AWS_ROLE_ARN` with `AWS_WEB_IDENTITY_TOKEN_FILE`, as in a Kubernetes pod.
struct WebIdentityCredentials: CredentialProvider {
    let context: CredentialContext
    var name: String { "web identity" }

    func credentials() async throws -> Credentials? {
        guard let path = context.variable("AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let role = context.variable("AWS_ROLE_ARN") else {
            throw ObjectStoreError(
                .invalidCredentials,
                message: "AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not"
            )
        }
        return try await SecurityTokenService(context: context, region: nil)
            .assume(role, tokenFile: path, session: context.variable("AWS_ROLE_SESSION_NAME"))
    }
}

/// The endpoint that a container's host gives it (ECS, EKS Pod Identity, SageMaker).
struct ContainerCredentials: CredentialProvider {
    private static let allowedHosts: Set<String> = [
        "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "127.0.0.1", "::1",
    ]

    let context: CredentialContext
    var name: String { "container" }

    func credentials() async throws -> Credentials? {
        let url: String
        if let path = context.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            url = "http://169.254.170.2" + path
        } else if let full = context.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            url = full
        } else {
            return nil
        }
        var request = try CredentialContext.request(url)
        guard request.endpoint.isSecure || Self.allowedHosts.contains(request.endpoint.host) else {
            throw ObjectStoreError(
                .invalidCredentials,
                operation: "get credentials from",
                key: request.endpoint.host,
                message: "over a plain connection only the container's own host is asked"
            )
        }
        if let token = try await token() { request.headers.append(("authorization", token)) }
        request.headers.append(("accept", "application/json"))
        let body = try await context.ask(request, timeout: .seconds(5), what: "the container's host")
        return try CredentialDocument.credentials(body, from: "the container's host")
    }

    private func token() async throws -> String? {
        var found = context.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        if let path = context.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            found = try await context.text(ofFile: path)
        }
        guard let found else { return nil }
        guard !found.isEmpty, found.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw ObjectStoreError(
                .invalidCredentials,
                message: "the container's authorization token is no header value"
            )
        }
        return found
    }
}

/// The metadata service of an EC2 instance, version 2 (a token first), version 1 where there is no other.
struct InstanceCredentials: CredentialProvider {
    private static let path = "/latest/meta-data/iam/security-credentials/"

    let context: CredentialContext
    var name: String { "instance metadata" }

    func credentials() async throws -> Credentials? {
        if context.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" { return nil }
        let base = context.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? "http://169.254.169.254"
        let seconds = context.variable("AWS_METADATA_SERVICE_TIMEOUT").flatMap { Int($0) } ?? 1
        let timeout = Duration.seconds(max(1, min(seconds, 60)))
        let url = base.hasSuffix("/") ? String(base.dropLast()) : base
        let headers: [(name: String, value: String)]
        do {
            guard let found = try await tokenHeaders(url, timeout) else { return nil }
            headers = found
        } catch let error as ObjectStoreError where [.timedOut, .connectionFailed].contains(error.kind) {
            return nil  // No instance: nobody listens at that address.
        }
        let role = try await context.transport.send(
            try CredentialContext.request(url + Self.path, headers: headers),
            timeout: timeout
        )
        let name = String(buffer: try await role.collect(upTo: 4096)).split(whereSeparator: \.isNewline).first
        // An instance without a role says 404.
        guard role.status == 200, let name else { return nil }
        let request = try CredentialContext.request(
            url + Self.path + PercentEncoding.component(String(name)),
            headers: headers
        )
        let body = try await context.ask(request, timeout: timeout, what: "the instance's metadata")
        return try CredentialDocument.credentials(body, from: "the instance's metadata")
    }

    private func tokenHeaders(_ url: String, _ timeout: Duration) async throws -> [(name: String, value: String)]? {
        let request = try CredentialContext.request(
            url + "/latest/api/token",
            method: "PUT",
            headers: [("x-aws-ec2-metadata-token-ttl-seconds", "21600")]
        )
        let reply = try await context.transport.send(request, timeout: timeout)
        let token = String(buffer: try await reply.collect(upTo: 4096))
        if reply.status == 200, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            return [("x-aws-ec2-metadata-token", token)]
        }
        let allowsFirst = context.variable("AWS_EC2_METADATA_V1_DISABLED")?.lowercased() != "true"
        return [403, 404, 405].contains(reply.status) && allowsFirst ? [] : nil
    }
}
