// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import NIOCore

/// What a profile of the AWS configuration files says about credentials; each step of the chain looks at one part of it.
struct ProfileCredentials: CredentialProvider {
    enum Step: String, Sendable {
        case role
        case webIdentity
        case signOn
        case sharedFile
        case process
        case configurationFile
    }

    let context: CredentialContext
    let profile: String
    /// Whether the user named the profile: then it has to exist.
    let isNamed: Bool
    let step: Step

    var name: String { "profile \(profile) (\(step.rawValue))" }

    func credentials() async throws -> Credentials? {
        let files = try await context.profiles()
        guard let values = files.profile(profile) else {
            if isNamed { throw failure("there is no such profile in ~/.aws/config or ~/.aws/credentials") }
            return nil
        }
        switch step {
        case .role: return try await role(files, values, visited: [])
        case .webIdentity: return try await webIdentity(values)
        case .signOn: return try await signOn(files, values)
        case .sharedFile: return try Self.keys(files.shared[profile] ?? [:])
        case .process: return try await process(values)
        case .configurationFile: return try Self.keys(files.configured[profile] ?? [:])
        }
    }

    // MARK: Roles

    private func role(
        _ files: ProfileFile,
        _ values: [String: String],
        visited: Set<String>
    ) async throws -> Credentials? {
        guard let role = values["role_arn"], values["web_identity_token_file"] == nil else { return nil }
        let source: Credentials
        switch (values["source_profile"], values["credential_source"]) {
        case (let other?, nil): source = try await self.source(files, other, visited: visited.union([profile]))
        case (nil, let place?): source = try await self.source(place)
        default: throw failure("a role needs either source_profile or credential_source")
        }
        if values["mfa_serial"] != nil { throw failure("a role that asks for a device's code cannot be used here") }
        return try await SecurityTokenService(context: context, region: values["region"]).assume(
            role,
            by: source,
            session: values["role_session_name"],
            externalID: values["external_id"],
            seconds: values["duration_seconds"].flatMap { Int($0) }
        )
    }

    private func source(_ files: ProfileFile, _ other: String, visited: Set<String>) async throws -> Credentials {
        guard let values = files.profile(other) else { throw failure("its source_profile '\(other)' does not exist") }
        let next = ProfileCredentials(context: context, profile: other, isNamed: true, step: .role)
        // A profile may name itself as the source of its own role: then its keys are meant.
        if other == profile || values["role_arn"] == nil { return try await next.plain(files, values) }
        if visited.contains(other) { throw failure("its source_profile leads back to '\(other)'") }
        if let found = try await next.role(files, values, visited: visited) { return found }
        return try await next.plain(files, values)
    }

    private func plain(_ files: ProfileFile, _ values: [String: String]) async throws -> Credentials {
        if let found = try Self.keys(values) { return found }
        if let found = try await webIdentity(values) { return found }
        if let found = try await signOn(files, values) { return found }
        if let found = try await process(values) { return found }
        throw failure("it has no credentials, but another profile takes its role from it")
    }

    private func source(_ place: String) async throws -> Credentials {
        let provider: any CredentialProvider
        switch place.lowercased() {
        case "environment": provider = EnvironmentCredentials(context: context)
        case "ecscontainer": provider = ContainerCredentials(context: context)
        case "ec2instancemetadata": provider = InstanceCredentials(context: context)
        default: throw failure("credential_source is Environment, EcsContainer or Ec2InstanceMetadata, not '\(place)'")
        }
        guard let found = try await provider.credentials() else {
            throw failure("its credential_source \(place) has none")
        }
        return found
    }

    private func webIdentity(_ values: [String: String]) async throws -> Credentials? {
        guard let path = values["web_identity_token_file"] else { return nil }
        guard let role = values["role_arn"] else { throw failure("web_identity_token_file needs role_arn") }
        return try await SecurityTokenService(context: context, region: values["region"])
            .assume(role, tokenFile: path, session: values["role_session_name"])
    }

    private static func keys(_ values: [String: String]) throws -> Credentials? {
        guard let key = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else { return nil }
        return Credentials(
            accessKeyID: key,
            secretAccessKey: secret,
            sessionToken: values["aws_session_token"] ?? values["aws_security_token"]
        )
    }

    // MARK: Single sign-on

    private struct Token: Decodable {
        var accessToken: String
        var expiresAt: String
    }

    private struct RoleCredentials: Decodable {
        struct Document: Decodable {
            var accessKeyId: String
            var secretAccessKey: String
            var sessionToken: String
            var expiration: Double
        }
        var roleCredentials: Document
    }

    private func signOn(_ files: ProfileFile, _ values: [String: String]) async throws -> Credentials? {
        guard let account = values["sso_account_id"], let role = values["sso_role_name"] else { return nil }
        let session = values["sso_session"]
        let settings = session.flatMap { files.sessions[$0] } ?? values
        guard let region = settings["sso_region"], let identity = session ?? settings["sso_start_url"] else {
            throw failure("single sign-on needs sso_region and sso_start_url")
        }
        let cached = Hexadecimal.encode(Insecure.SHA1.hash(data: Array(identity.utf8)))
        let text = try await context.text(ofFile: context.home + "/.aws/sso/cache/\(cached).json")
        let token = text.flatMap { try? JSONDecoder().decode(Token.self, from: Data($0.utf8)) }
        guard let token, let end = Timestamp.parse(token.expiresAt), end > context.now() else {
            throw ObjectStoreError(
                .expiredCredentials,
                operation: "use",
                key: name,
                message: "run 'aws sso login --profile \(profile)' again"
            )
        }
        let base = context.variable("AWS_ENDPOINT_URL_SSO") ?? "https://portal.sso.\(region).amazonaws.com"
        let query = "role_name=\(PercentEncoding.component(role))&account_id=\(PercentEncoding.component(account))"
        let request = try CredentialContext.request(
            base + "/federation/credentials?" + query,
            headers: [("x-amz-sso_bearer_token", token.accessToken)]
        )
        let body = try await context.ask(request, timeout: .seconds(10), what: name)
        guard
            let found = try? JSONDecoder().decode(RoleCredentials.self, from: Data(body.readableBytesView))
                .roleCredentials
        else { throw failure("the answer is no document with keys") }
        return Credentials(
            accessKeyID: found.accessKeyId,
            secretAccessKey: found.secretAccessKey,
            sessionToken: found.sessionToken,
            expiration: Date(timeIntervalSince1970: found.expiration / 1000)
        )
    }

    // MARK: A program of the user's

    private func process(_ values: [String: String]) async throws -> Credentials? {
        guard let command = values["credential_process"] else { return nil }
        let words = Self.words(command)
        guard !words.isEmpty else { throw failure("credential_process is empty") }
        let environment = context.environment
        let (status, output) = try await FileThreads.run {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = words
            process.environment = environment
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardInput = FileHandle.nullDevice
            try process.run()
            let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return (process.terminationStatus, output)
        }
        guard status == 0 else { throw failure("its credential_process '\(words[0])' ended with status \(status)") }
        let document = try? JSONDecoder().decode(CredentialDocument.self, from: output)
        guard document?.version == 1 else {
            throw failure("its credential_process did not print a document of version 1")
        }
        return try CredentialDocument.credentials(ByteBuffer(bytes: output), from: name)
    }

    /// The words of a command, as a shell would take quotes and backslashes.
    static func words(_ command: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in command {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\" && quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace {
                if let done = word.take() { words.append(done) }
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }

    private func failure(_ message: String) -> ObjectStoreError {
        ObjectStoreError(.invalidCredentials, operation: "use", key: "profile \(profile)", message: message)
    }
}
