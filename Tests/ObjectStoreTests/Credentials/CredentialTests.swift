// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import ObjectStoreTestSupport
import Synchronization
import Testing

@Suite("Credentials")
struct CredentialTests {
    private func find(
        _ environment: [String: String] = [:],
        configuration: String = "",
        credentials: String = "",
        profile: String? = nil
    ) async throws -> Credentials? {
        try await withTemporaryDirectory { home in
            try FileManager.default.createDirectory(atPath: home + "/.aws", withIntermediateDirectories: true)
            try Data(configuration.utf8).write(to: URL(fileURLWithPath: home + "/.aws/config"))
            try Data(credentials.utf8).write(to: URL(fileURLWithPath: home + "/.aws/credentials"))
            let quiet = ["AWS_EC2_METADATA_DISABLED": "true", "PATH": "/usr/bin:/bin"].merging(environment) { $1 }
            return try await CredentialChain(environment: quiet, home: home, profile: profile).credentials()
        }
    }

    @Test("Nothing set up gives nothing; a profile that is named must exist")
    func nothing() async throws {
        #expect(try await find() == nil)
        await expectFailure(.invalidCredentials) { _ = try await find(["AWS_PROFILE": "none"]) }
        await expectFailure(.invalidCredentials) { _ = try await find(profile: "none") }
    }

    @Test("The environment comes before the files, unless a profile is named on the command line")
    func environment() async throws {
        let environment = ["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "e", "AWS_SESSION_TOKEN": "t"]
        let files = "[default]\naws_access_key_id = F\naws_secret_access_key = f\n"
        let found = try #require(try await find(environment, credentials: files))
        #expect(found == Credentials(accessKeyID: "E", secretAccessKey: "e", sessionToken: "t"))
        #expect(try await find(environment, credentials: files, profile: "default")?.accessKeyID == "F")
        await expectFailure(.invalidCredentials) { _ = try await find(["AWS_ACCESS_KEY_ID": "E"]) }
    }

    @Test("The credentials file comes before the configuration file; comments and nested values are skipped")
    func files() async throws {
        let configuration = """
            # a comment
            [profile "a b"]
            region = eu-west-1 # here
            aws_access_key_id = C
            aws_secret_access_key = c
            s3 =
              aws_access_key_id = NESTED
            """
        let shared = "[a b]\naws_access_key_id=S\naws_secret_access_key=s=x\n"
        #expect(try await find(configuration: configuration, profile: "a b")?.accessKeyID == "C")
        let found = try await find(configuration: configuration, credentials: shared, profile: "a b")
        #expect(found?.accessKeyID == "S" && found?.secretAccessKey == "s=x")
    }

    @Test("A program prints credentials; one that fails or prints something else is reported without its output")
    func process() async throws {
        let document = #"{"Version":1,"AccessKeyId":"P","SecretAccessKey":"p q","Expiration":"2100-01-01T00:00:00Z"}"#
        let found = try await find(configuration: "[default]\ncredential_process = /bin/echo '\(document)'\n")
        #expect(found?.accessKeyID == "P" && found?.secretAccessKey == "p q" && found?.expiration != nil)
        for command in ["/bin/false", "/bin/echo hush", "/bin/echo '{\"Version\":2}'", "/no/such/program"] {
            let error = await #expect(throws: ObjectStoreError.self) {
                _ = try await find(configuration: "[default]\ncredential_process = \(command)\n")
            }
            #expect(error?.kind == .invalidCredentials && error?.description.contains("ush\"") == false)
        }
    }

    @Test("Roles that lead in a circle, or name no source, are reported")
    func roles() async throws {
        let circle = """
            [profile a]
            role_arn = arn:a
            source_profile = b
            [profile b]
            role_arn = arn:b
            source_profile = a
            """
        await expectFailure(.invalidCredentials) { _ = try await find(configuration: circle, profile: "a") }
        await expectFailure(.invalidCredentials) {
            _ = try await find(configuration: "[default]\nrole_arn = arn:a\n")
        }
        await expectFailure(.invalidCredentials) {
            _ = try await find(configuration: "[default]\nrole_arn = arn:a\nsource_profile = none\n")
        }
    }

    @Test("A container's host is asked over plain HTTP only where it may be")
    func container() async throws {
        await expectFailure(.invalidCredentials) {
            _ = try await find(["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"])
        }
    }

    @Test("Single sign-on without a token says how to get one")
    func signOn() async throws {
        let configuration = """
            [default]
            sso_session = s
            sso_account_id = 1
            sso_role_name = r
            [sso-session s]
            sso_region = us-east-1
            sso_start_url = https://example.com
            """
        let error = await #expect(throws: ObjectStoreError.self) { _ = try await find(configuration: configuration) }
        #expect(error?.description.contains("aws sso login") == true)
    }

    private final class Counting: CredentialProvider {
        let calls = Mutex(0)
        let answer: @Sendable (Int) throws -> Credentials
        let name = "counting"

        init(_ answer: @escaping @Sendable (Int) throws -> Credentials) { self.answer = answer }

        func credentials() async throws -> Credentials? {
            let call = calls.withLock {
                $0 += 1
                return $0
            }
            for _ in 0..<10 { await Task.yield() }
            return try answer(call)
        }
    }

    @Test("Many callers at once cause one fetch")
    func singleFlight() async throws {
        let provider = Counting { _ in Credentials(accessKeyID: "A", secretAccessKey: "a") }
        let cache = CredentialCache(provider)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { _ = try await cache.current() } }
            try await group.waitForAll()
        }
        #expect(provider.calls.withLock { $0 } == 1)
        cache.discard(Credentials(accessKeyID: "B", secretAccessKey: "b"))
        _ = try await cache.current()
        #expect(provider.calls.withLock { $0 } == 1)
        cache.discard(Credentials(accessKeyID: "A", secretAccessKey: "a"))
        _ = try await cache.current()
        #expect(provider.calls.withLock { $0 } == 2)
    }

    @Test("Credentials are renewed before they end; a failed renewal does not matter while the old ones hold")
    func renewal() async throws {
        let time = Mutex(Date(timeIntervalSince1970: 1000))
        let provider = Counting { call in
            if call == 2 { throw ObjectStoreError(.timedOut, message: "no answer") }
            return Credentials(
                accessKeyID: "K\(call)",
                secretAccessKey: "s",
                expiration: Date(timeIntervalSince1970: 1000 + 3600 * Double(call))
            )
        }
        let cache = CredentialCache(provider) { time.withLock { $0 } }
        #expect(try await cache.current().accessKeyID == "K1")
        time.withLock { $0 = Date(timeIntervalSince1970: 1000 + 3200) }
        #expect(try await cache.current().accessKeyID == "K1")
        time.withLock { $0 = Date(timeIntervalSince1970: 1000 + 3350) }
        #expect(try await cache.current().accessKeyID == "K1")
        #expect(try await cache.current().accessKeyID == "K3")
    }

    @Test("A failed first fetch reaches every caller")
    func failure() async throws {
        let cache = CredentialCache(Counting { _ in throw ObjectStoreError(.timedOut, message: "no answer") })
        await expectFailure(.timedOut) { _ = try await cache.current() }
    }
}

@Suite("Credentials from servers", .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"))
struct CredentialServerTests {
    private func find(_ environment: [String: String], configuration: String = "") async throws -> Credentials? {
        try await LocalServer.moto.start()
        return try await withTemporaryDirectory { home in
            try FileManager.default.createDirectory(atPath: home + "/.aws", withIntermediateDirectories: true)
            try Data(configuration.utf8).write(to: URL(fileURLWithPath: home + "/.aws/config"))
            try Data("token\n".utf8).write(to: URL(fileURLWithPath: home + "/token"))
            let base = ["AWS_ENDPOINT_URL_STS": "http://127.0.0.1:15555", "TOKEN": home + "/token"]
            var merged = base.merging(environment) { $1 }
            if merged["AWS_WEB_IDENTITY_TOKEN_FILE"] != nil { merged["AWS_WEB_IDENTITY_TOKEN_FILE"] = home + "/token" }
            return try await CredentialChain(environment: merged, home: home).credentials()
        }
    }

    @Test("Instance metadata, version 2")
    func instance() async throws {
        let found = try await find(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:15555"])
        #expect(found?.accessKeyID == "test-key")
        #expect(found?.sessionToken == "test-session-token")
        #expect(found?.expiration != nil)
    }

    @Test("A role taken from another profile, and one by web identity")
    func roles() async throws {
        let configuration = """
            [default]
            role_arn = arn:aws:iam::123456789012:role/test
            source_profile = base
            [profile base]
            aws_access_key_id = AKIA
            aws_secret_access_key = secret
            """
        let role = try await find(["AWS_EC2_METADATA_DISABLED": "true"], configuration: configuration)
        #expect(role?.sessionToken != nil && role?.expiration != nil)
        let web = try await find([
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/test", "AWS_WEB_IDENTITY_TOKEN_FILE": "set",
            "AWS_EC2_METADATA_DISABLED": "true",
        ])
        #expect(web?.sessionToken != nil && web?.expiration != nil)
    }
}
