// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import ObjectStoreTestSupport
import Registry
import TestSupport
import Testing

@Suite("The registry on a real S3 server that fails", .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"), .serialized)
struct ServerFaultTests {
    private let directory: TemporaryDirectory
    private let name: RegistryName

    init() throws {
        directory = try TemporaryDirectory()
        name = try RegistryName("style-gen-c")
    }

    /// What happens to a request; about one in four breaks in some way.
    private static func fault(_ seed: UInt64, _ seen: FaultProxy.Seen) -> FaultProxy.Fault? {
        var random = SeededGenerator(seed: seed << 32 | UInt64(seen.index))
        let dice = random.next() % 48
        let isObject = seen.method == "GET" && (seen.target.contains("/trees/") || seen.target.contains("/log/"))
        switch dice {
        case 0, 1: return .lostAnswer
        case 2: return .resetBefore
        case 3: return .status(503, code: "SlowDown", retryAfter: nil)
        case 4: return .status(500, code: "InternalError", retryAfter: nil)
        case 5: return .status(502, code: nil, retryAfter: nil)
        case 6: return .resetAfter(Int(random.next() % 300))
        case 7: return .stall(.milliseconds(Int(random.next() % 400)))
        case 8: return .status(409, code: "ConditionalRequestConflict", retryAfter: nil).only(seen.method == "PUT")
        // A copy, whose status comes before its end.
        case 9: return .errorInside.only(seen.method == "PUT" && seen.target.contains("/lora/"))
        case 10: return .wrongByte.only(isObject)
        case 11: return .wrongRange.only(isObject)
        case 12: return .otherTag.only(isObject)
        default: return nil
        }
    }

    /// What a user does whose command failed: looks, and tries again.
    private static func insisting<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        var attempt = 0
        while true {
            do {
                return try await body()
            } catch let error as RegistryError where error.kind == .notFound {
                throw error
            } catch  where attempt < 12 && !(error is Violation) {
                attempt += 1
            }
        }
    }

    @Test(
        "Publishers, a roll-back and a reader through every fault: no update lost or doubled, only whole versions, a flat view that converges",
        arguments: UInt64(1)...6
    )
    func faults(seed: UInt64) async throws {
        let bucket = try await Buckets.shared.bucket(.seaweedfs, versioned: seed.isMultiple(of: 2))
        let prefix = UUID().uuidString.lowercased()
        let (directory, name) = (directory, name)
        let upstream = try LocalServer.seaweedfs.endpoint()
        let plan = { @Sendable (seen: FaultProxy.Seen) in Self.fault(seed, seen) }
        let count = try await FaultProxy.run(upstream, plan: plan) { proxy in
            var configuration = try LocalServer.seaweedfs.configuration(bucket: bucket)
            configuration.endpoint = proxy.endpoint
            let store = try S3Store(configuration, credentials: LocalServer.seaweedfs.credentials)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for publisher in 0..<3 {
                    group.addTask {
                        let registry = try Registry.over(store, prefix: prefix)
                        for round in 0..<3 {
                            let source = try await AdapterFixture.source(directory, seed: publisher * 3 + round)
                            _ = try await Self.insisting { try await registry.publish(source, as: name) }
                        }
                        if publisher == 0 {
                            _ = try await Self.insisting { try await registry.rollBack(name, to: .version(1)) }
                        }
                    }
                }
                group.addTask { try await Self.read(name, store, prefix, directory) }
                try await group.waitForAll()
            }
            return proxy.requests.count
        }
        #expect(count > 100)
        let direct = try Registry.over(
            try await Buckets.shared.store(.seaweedfs, versioned: seed.isMultiple(of: 2)),
            prefix: prefix
        )
        let history = try await direct.history(of: name)
        #expect(history.state.versions.count == 9)
        #expect(Set(history.state.versions.map(\.tree.content)).count == 9)
        #expect(try await direct.verify(name).isEmpty)
        try await direct.project(name)
        #expect(try await direct.flatView(of: name) == .current)
    }

    /// Reads until the last version is there, and looks at every file of what it gets.
    private static func read(
        _ name: RegistryName,
        _ store: S3Store,
        _ prefix: String,
        _ directory: TemporaryDirectory
    ) async throws {
        let cache = LocalCache(directory: directory.path(of: "reader-" + prefix))
        let resolver = ReferenceResolver(cache: cache, registry: try Registry.over(store, prefix: prefix))
        for _ in 0..<12 {
            do {
                let found = try await insisting { try await resolver.resolve(.named(name, .alias(.latest))) }
                let digest = try #require(found.digest)
                let entry = try #require(try await cache.entry(String(digest.dropFirst(7))))
                let digests = DirectoryDigest.sha256(found.path)
                for file in entry.files where digests[file.path] != file.sha256 {
                    throw Violation("the reader got a broken \(file.path)")
                }
                if digests.count != entry.files.count { throw Violation("the reader got \(digests.keys.sorted())") }
            } catch let error as RegistryError where error.kind == .notFound {
                continue
            }
        }
    }

    @Test("A byte that breaks on its way is asked for again, not taken for a forged log")
    func brokenEntry() async throws {
        let bucket = try await Buckets.shared.bucket(.seaweedfs, versioned: true)
        let prefix = UUID().uuidString.lowercased()
        let (directory, name) = (directory, name)
        let direct = try Registry.over(try await Buckets.shared.store(.seaweedfs, versioned: true), prefix: prefix)
        for seed in 0..<3 { _ = try await direct.publish(AdapterFixture.source(directory, seed: seed), as: name) }
        let upstream = try LocalServer.seaweedfs.endpoint()
        let plan = { @Sendable (seen: FaultProxy.Seen) -> FaultProxy.Fault? in
            FaultProxy.Fault.wrongByte.only(
                seen.method == "GET" && seen.target.contains("/log/") && seen.index.isMultiple(of: 2)
            )
        }
        let versions = try await FaultProxy.run(upstream, plan: plan) { proxy in
            var configuration = try LocalServer.seaweedfs.configuration(bucket: bucket)
            configuration.endpoint = proxy.endpoint
            let store = try S3Store(configuration, credentials: LocalServer.seaweedfs.credentials)
            return try await Registry.over(store, prefix: prefix).history(of: name).state.versions.count
        }
        #expect(versions == 3)
    }
}

extension FaultProxy.Fault {
    /// The fault where it can happen, else none.
    fileprivate func only(_ condition: Bool) -> Self? { condition ? self : nil }
}
