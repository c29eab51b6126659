// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import ObjectStoreTestSupport
import Registry
import TestSupport
import Testing

@Suite("The registry on a real S3 server", .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"), .serialized)
struct SeaweedTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private struct Shown: Decodable {
        let version: Int
        let digest: String
    }

    /// Syncs by the real `aws s3 sync` and compares with the version that the registry calls current.
    private func sync(_ program: LuminaProcess, _ target: String) async throws -> Int {
        let store = try #require(program.environment["LUMINA_STORE"])
        let outcome = try await program.run(
            SlowSuite.laboratory + "/swift/bin/aws",
            ["s3", "sync", store + "/lora/style-gen-c/", target, "--only-show-errors"]
        )
        if outcome.status != 0 { throw Violation("aws s3 sync: \(outcome.errors)") }
        let manifest = try FlatManifest(
            [UInt8](Data(contentsOf: URL(fileURLWithPath: target + "/adapter_manifest.json"))),
            from: "manifest"
        )
        let digests = DirectoryDigest.sha256(target)
        for file in manifest.files {
            #expect(digests[file.path] == file.sha256, "\(file.path) of version \(manifest.version)")
        }
        #expect(digests.count == manifest.files.count + 1)
        #expect(manifest.state == .complete)
        // And the manifest says what the log says.
        let shown = try await program.succeed(["registry", "show", "style-gen-c", "--json"])
        let current = try JSONDecoder().decode(Shown.self, from: Data(shown.utf8))
        #expect(current.version == manifest.version)
        #expect(current.digest == "sha256:" + manifest.digest)
        return manifest.version
    }

    @Test(
        "Two processes push at once; alias, roll back, pull in three ways, aws s3 sync after each step",
        arguments: [true, false]
    )
    func story(_ versioned: Bool) async throws {
        let program = try await LuminaProcess.onSeaweed(directory, versioned: versioned)
        let target = directory.path(of: "synced")
        let paths = try (1...3).map { try AdapterFixture.write(directory, "s\($0)", seed: $0) }
        try await program.succeed(["registry", "init"])
        async let one = program.succeed(["registry", "push", paths[0], "style-gen-c"])
        async let two = program.succeed(["registry", "push", paths[1], "style-gen-c"])
        _ = try await (one, two)
        #expect(try await sync(program, target) == 2)
        try await program.succeed(["registry", "push", paths[2], "style-gen-c"])
        #expect(try await sync(program, target) == 3)
        try await program.succeed(["registry", "alias", "style-gen-c", "prod", "3"])
        #expect(try await sync(program, target) == 3)
        try await program.succeed(["registry", "rollback", "style-gen-c"])
        #expect(try await sync(program, target) == 2)
        try await program.succeed(["registry", "rollback", "style-gen-c"])
        #expect(try await sync(program, target) == 1)
        let shown = try await program.succeed(["registry", "show", "style-gen-c@prod", "--json"])
        let digest = try JSONDecoder().decode(Shown.self, from: Data(shown.utf8)).digest
        for reference in ["style-gen-c@prod", "style-gen-c@3", "style-gen-c@\(digest)"] {
            let pulled = directory.path(of: "pulled-" + UUID().uuidString)
            try await program.succeed(["registry", "pull", reference, pulled])
            #expect(try String(contentsOfFile: pulled + "/training_args.json", encoding: .utf8).contains("100003"))
        }
        try FileManager.default.removeItem(atPath: directory.path(of: "cache"))
        try await program.succeed(["registry", "pull", "style-gen-c@prod", directory.path(of: "afterwards")])
        #expect(try await program.succeed(["registry", "versions", "style-gen-c"]).contains("v3"))
        try await program.succeed(["registry", "verify"])
        try await program.succeed(["registry", "doctor", "--race-test"])
        if versioned { #expect(try await program.succeed(["registry", "history", "style-gen-c"]).contains("latest")) }
        let flat = directory.path(of: "by-prefix")
        let store = try #require(program.environment["LUMINA_STORE"])
        try await program.succeed(["registry", "pull", store + "/lora/style-gen-c/", flat])
        let name = "training_args.json"
        #expect(DirectoryDigest.sha256(flat)[name] == DirectoryDigest.sha256(target)[name])
    }

    @Test("Four publishers of four versions, a roll-back and a reader", arguments: [true, false])
    func contention(_ versioned: Bool) async throws {
        let store = try await Buckets.shared.store(.seaweedfs, versioned: versioned)
        let prefix = UUID().uuidString.lowercased()
        let name = try RegistryName("style-gen-c")
        let directory = directory
        try await withThrowingTaskGroup(of: Void.self) { group in
            for publisher in 0..<4 {
                group.addTask {
                    let registry = try Registry.over(store, prefix: prefix)
                    for round in 0..<4 {
                        let source = try await AdapterFixture.source(directory, seed: publisher * 4 + round)
                        let outcome = try await registry.publish(source, as: name)
                        #expect(outcome.isNew)
                        #expect(outcome.warnings.isEmpty, "\(outcome.warnings)")
                    }
                    if publisher == 0 { _ = try await registry.rollBack(name, to: .version(1)) }
                }
            }
            group.addTask {
                let resolver = ReferenceResolver(
                    cache: LocalCache(directory: directory.path(of: "reader-cache")),
                    registry: try Registry.over(store, prefix: prefix)
                )
                for _ in 0..<20 {
                    do {
                        let found = try await resolver.resolve(.named(name, .current))
                        _ = try await PublicationSource(path: found.path, kind: .lora)
                    } catch let error as RegistryError where error.kind == .notFound {
                        continue
                    }
                }
            }
            try await group.waitForAll()
        }
        let registry = try Registry.over(store, prefix: prefix)
        let history = try await registry.history(of: name)
        #expect(history.state.versions.count == 16)
        #expect(history.sequence == 17)
        #expect(try await registry.verify(name).isEmpty)
        #expect(try await registry.flatView(of: name) == .current)
    }

    @Test("The probe finds what SeaweedFS and Swift really check")
    func probe() async throws {
        for (server, expected) in [(LocalServer.seaweedfs, true), (.swift, false)] {
            let store = try await Buckets.shared.store(server, versioned: false)
            let registry = try Registry.over(store, prefix: UUID().uuidString) { $0.capabilities = nil }
            let found = try await registry.capabilities()
            #expect(found.putIfAbsent)
            #expect(found.putIfMatch == expected, "\(server)")
        }
    }
}
