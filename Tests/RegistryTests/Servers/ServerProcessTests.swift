// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import ObjectStoreTestSupport
import Registry
import TestSupport
import Testing

@Suite("Processes on a real S3 server", .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"), .serialized)
struct ServerProcessTests {
    private let directory: TemporaryDirectory
    private let name: RegistryName

    init() throws {
        directory = try TemporaryDirectory()
        name = try RegistryName("style-gen-c")
    }

    /// The registry that the program uses, past the program.
    private func registry(_ program: LuminaProcess, versioned: Bool) async throws -> Registry {
        let place = try #require(program.environment["LUMINA_STORE"])
        let prefix = try #require(place.split(separator: "/").last)
        return try Registry.over(
            try await Buckets.shared.store(.seaweedfs, versioned: versioned),
            prefix: String(prefix)
        )
    }

    @Test("Eight publishers at once make as many versions as they push", arguments: [true, false])
    func eightPublishers(_ versioned: Bool) async throws {
        let program = try await LuminaProcess.onSeaweed(directory, versioned: versioned)
        let directory = directory
        for seed in 0..<16 { try AdapterFixture.write(directory, "a\(seed)", seed: seed) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for publisher in 0..<8 {
                group.addTask {
                    for round in 0..<2 {
                        let path = directory.path(of: "a\(publisher * 2 + round)")
                        try await program.succeed(["registry", "push", path, "style-gen-c"])
                    }
                }
            }
            try await group.waitForAll()
        }
        let registry = try await registry(program, versioned: versioned)
        let history = try await registry.history(of: name)
        #expect(history.state.versions.count == 16)
        #expect(history.sequence == 16)
        #expect(history.state.current == 16)
        #expect(try await registry.verify(name).isEmpty)
        #expect(try await registry.flatView(of: name) == .current)
    }

    @Test("A server that is gone: what was seen is listed, shown and pulled, and that is said")
    func outage() async throws {
        let program = try await LuminaProcess.onSeaweed(directory, versioned: true)
        let path = try AdapterFixture.write(directory, "one", seed: 1)
        try await program.succeed(["registry", "push", path, "style-gen-c", "--alias", "prod"])
        try await program.succeed(["registry", "pull", "style-gen-c", directory.path(of: "before")])
        var alone = program
        // Port 9 is nobody's here.
        alone.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
        for arguments in [["list"], ["versions", "style-gen-c"], ["show", "style-gen-c@prod"]] {
            let before = try await program.succeed(["registry"] + arguments)
            let after = try await alone.run(["registry"] + arguments)
            #expect(after.status == 0, "\(arguments): \(after.errors)")
            #expect(after.output == before)
            #expect(after.errors.contains("last seen"), "\(after.errors)")
        }
        let target = directory.path(of: "after")
        let pulled = try await alone.run(["registry", "pull", "style-gen-c@prod", target])
        #expect(pulled.status == 0, "\(pulled.errors)")
        #expect(try PulledDirectory.version(target) == 1)
        // Of another place nothing is known: that is no empty list.
        let other = try await alone.run(["registry", "list", "--store", "s3://elsewhere-entirely"])
        #expect(other.status == 1)
        #expect(other.output.isEmpty && other.errors.contains("elsewhere-entirely"), "\(other.errors)")
        let pushed = try await alone.run(["registry", "push", path, "style-gen-d"])
        #expect(pushed.status == 1)
        #expect(pushed.errors.contains("127.0.0.1") || pushed.errors.contains("s3://"), "\(pushed.errors)")
        #expect(!pushed.errors.contains("testsecret"))
    }

    @Test("A push and a pull that are killed anywhere leave nothing half, and the next ones finish")
    func killed() async throws {
        let program = try await LuminaProcess.onSeaweed(directory, versioned: true)
        let registry = try await registry(program, versioned: true)
        let target = directory.path(of: "target")
        var random = SeededGenerator(seed: 21)
        for round in 0..<15 {
            let path = try AdapterFixture.write(directory, "k\(round)", seed: round, rank: 4096)
            let pause = Duration.microseconds(Int64(random.next() % 250_000))
            _ = try await program.run(["registry", "push", path, "style-gen-c"], interruption: .after(pause))
            try await program.succeed(["registry", "push", path, "style-gen-c"])
            let history = try await registry.history(of: name)
            #expect(history.state.versions.count == round + 1, "killed after \(pause)")
            #expect(try await registry.verify(name).isEmpty, "killed after \(pause)")
            #expect(try await registry.flatView(of: name) == .current, "killed after \(pause)")
            _ = try await program.run(
                ["registry", "pull", "style-gen-c", target],
                interruption: .after(.microseconds(Int64(random.next() % 200_000)))
            )
            try PulledDirectory.checkWholeIfThere(target)
            try await program.succeed(["registry", "pull", "style-gen-c", target])
            #expect(try PulledDirectory.version(target) == round + 1)
        }
    }
}
