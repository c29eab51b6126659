// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import Testing

/// The S3 servers on this machine that `Scripts/s3-servers` starts.
enum LocalServer: String, Sendable {
    case seaweedfs
    case swift
    case moto

    /// Starts the server unless it runs.
    func start() async throws {
        // A process blocks; tests may be many.
        let name = rawValue
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        _ = try SlowSuite.output(of: SlowSuite.root + "/Scripts/s3-servers", ["start", name])
                    }
                )
            }
        }
    }

    var credentials: StaticCredentials {
        StaticCredentials(
            Credentials(accessKeyID: self == .swift ? "test:tester" : "test", secretAccessKey: "testsecret")
        )
    }

    func endpoint(secure: Bool = false) throws -> Endpoint {
        switch self {
        case .seaweedfs: try Endpoint(secure ? "https://127.0.0.1:18543" : "http://127.0.0.1:18433")
        case .swift: try Endpoint("http://127.0.0.1:19780")
        case .moto: try Endpoint("http://127.0.0.1:15555")
        }
    }

    /// A configuration for a bucket, with the certificates of this machine.
    func configuration(bucket: String, secure: Bool = false) throws -> S3Store.Configuration {
        S3Store.Configuration(
            bucket: bucket,
            region: "us-east-1",
            endpoint: try endpoint(secure: secure),
            addressing: .path,
            certificateAuthority: secure ? SlowSuite.laboratory + "/tls.crt" : nil
        )
    }
}

/// Buckets of this run, each made once.
actor Buckets {
    static let shared = Buckets()

    private var made: [String: Task<String, any Error>] = [:]
    private let run = String(UInt32.random(in: 0 ... .max), radix: 36)

    /// The name of a bucket on a server, with or without versions.
    func bucket(_ server: LocalServer, versioned: Bool) async throws -> String {
        let id = "\(server.rawValue)-\(versioned)"
        if let task = made[id] { return try await task.value }
        let name = "lumina-\(versioned ? "versioned" : "plain")-\(run)"
        let task = Task {
            try await server.start()
            let store = try S3Store(server.configuration(bucket: name), credentials: server.credentials)
            try await store.createBucket()
            if versioned { try await store.setVersioning(.enabled) }
            return name
        }
        made[id] = task
        return try await task.value
    }

    /// A store in a bucket of this run.
    func store(
        _ server: LocalServer,
        versioned: Bool,
        secure: Bool = false,
        _ adjust: (inout S3Store.Configuration) -> Void = { _ in }
    ) async throws -> S3Store {
        let bucket = try await bucket(server, versioned: versioned)
        var configuration = try server.configuration(bucket: bucket, secure: secure)
        adjust(&configuration)
        return try S3Store(configuration, credentials: server.credentials)
    }
}
