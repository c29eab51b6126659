// SPDX-License-Identifier: Apache-2.0

import Foundation
package import ObjectStore

/// The S3 servers on this machine that `Scripts/s3-servers` starts.
package enum LocalServer: String, Sendable {
    /// The main one: versions, atomic conditions, checksums.
    case seaweedfs
    /// The strict judge of signatures.
    case swift
    /// Instance metadata and STS.
    case moto

    /// Starts the server unless it runs.
    package func start() async throws {
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

    /// The keys that the server was started with.
    package var credentials: StaticCredentials {
        StaticCredentials(
            Credentials(accessKeyID: self == .swift ? "test:tester" : "test", secretAccessKey: "testsecret")
        )
    }

    /// Where the server listens.
    package func endpoint(secure: Bool = false) throws -> Endpoint {
        switch self {
        case .seaweedfs: try Endpoint(secure ? "https://127.0.0.1:18543" : "http://127.0.0.1:18433")
        case .swift: try Endpoint("http://127.0.0.1:19780")
        case .moto: try Endpoint("http://127.0.0.1:15555")
        }
    }

    /// A configuration for a bucket, with the certificates of this machine.
    package func configuration(bucket: String, secure: Bool = false) throws -> S3Store.Configuration {
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
package actor Buckets {
    /// The buckets of this process.
    package static let shared = Buckets()

    private var made: [String: Task<String, any Error>] = [:]
    private let run = String(UInt32.random(in: 0 ... .max), radix: 36)

    /// The name of a bucket on a server, with or without versions.
    package func bucket(_ server: LocalServer, versioned: Bool) async throws -> String {
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
    package func store(
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
