// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import ObjectStoreTestSupport
import Registry
import TestSupport
import Testing

@Suite("Processes on one store", .serialized)
struct ConcurrentProcessTests {
    static let killCount = SlowSuite.isOn ? 100 : 6

    private let directory: TemporaryDirectory
    private let program: LuminaProcess
    private let store: DirectoryStore
    private let name: RegistryName

    init() throws {
        directory = try TemporaryDirectory()
        let path = directory.path(of: "store")
        program = LuminaProcess(directory, store: "file://" + path)
        store = try DirectoryStore(path: path)
        name = try RegistryName("style-gen-c")
    }

    /// The name is sound: an unbroken log, whole versions, a flat folder that shows the current one.
    private func checkSound() async throws {
        let registry = try Registry.over(store)
        #expect(try await registry.verify(name).isEmpty)
        #expect(try await registry.flatView(of: name) == .current)
    }

    private static let windowCount = 3

    /// How long something takes undisturbed, and a little more: what is killed within that time is killed anywhere.
    private func killWindow(_ work: (Int) async throws -> Void) async throws -> Duration {
        var longest = Duration.zero
        for number in 0..<Self.windowCount {
            longest = max(longest, try await ContinuousClock().measure { try await work(number) })
        }
        return longest * 1.1
    }

    @Test("Eight publishers at once make as many versions as they push")
    func eightPublishers() async throws {
        let (directory, program) = (directory, program)
        for seed in 0..<16 { try AdapterFixture.write(directory, "a\(seed)", seed: seed) }
        let numbers = try await withThrowingTaskGroup(of: [Int].self) { group in
            for publisher in 0..<8 {
                group.addTask {
                    var mine = program
                    // Half of them share a cache, half have their own.
                    if publisher.isMultiple(of: 2) {
                        mine.environment["LUMINA_CACHE"] = directory.path(of: "cache-\(publisher)")
                    }
                    var numbers: [Int] = []
                    for round in 0..<2 {
                        let path = directory.path(of: "a\(publisher * 2 + round)")
                        let text = try await mine.succeed(["registry", "push", path, "style-gen-c", "--json"])
                        let report = try JSONDecoder().decode(PushReport.self, from: Data(text.utf8))
                        numbers.append(report.version.version)
                    }
                    return numbers
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(numbers.sorted() == Array(1...16))
        try await checkSound()
        let history = try await Registry.over(store).history(of: name)
        #expect(history.sequence == 16)
        #expect(history.state.current == 16)
    }

    @Test("Publishers of the same content at once make one version")
    func sameContent() async throws {
        let (directory, program) = (directory, program)
        let path = try AdapterFixture.write(directory, "same", seed: 3)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await program.succeed(["registry", "push", path, "style-gen-c"]) } }
            try await group.waitForAll()
        }
        #expect(try await Registry.over(store).history(of: name).state.versions.count == 1)
        try await checkSound()
    }

    @Test("A push that is killed anywhere leaves nothing half, and the next one finishes")
    func killedPush() async throws {
        var random = SeededGenerator(seed: 11)
        var killed = 0
        var round = 0
        var longest = try await killWindow { number in
            let path = try AdapterFixture.write(directory, "w\(number)", seed: 1000 + number, rank: 4096)
            try await program.succeed(["registry", "push", path, "style-gen-c"])
        }
        while killed < Self.killCount {
            let path = try AdapterFixture.write(directory, "k\(round)", seed: round, rank: 4096)
            let pause = longest * Double(random.next() % 1000) / 1000
            let start = ContinuousClock.now
            let outcome = try await program.run(["registry", "push", path, "style-gen-c"], interruption: .after(pause))
            // How long it takes changes with what else runs: most signals are to find it running.
            if outcome.isKilled { killed += 1 } else { longest = min(longest, ContinuousClock.now - start) }
            round += 1
            let before = try await Registry.over(store).history(of: name)
            if before.sequence > 0 {
                #expect(try await Registry.over(store).verify(name).isEmpty, "killed after \(pause)")
            }
            try await program.succeed(["registry", "push", path, "style-gen-c"])
            let after = try await Registry.over(store).history(of: name)
            #expect(after.state.versions.count == Self.windowCount + round, "killed after \(pause)")
            #expect(after.state.current == Self.windowCount + round)
            try await checkSound()
            try FileManager.default.removeItem(atPath: path)
        }
        print("killed \(killed) of \(round) pushes before their end")
    }

    @Test("A pull that is killed anywhere leaves the old version, the new one or nothing")
    func killedPull() async throws {
        var random = SeededGenerator(seed: 12)
        for seed in 0..<2 {
            let path = try AdapterFixture.write(directory, "p\(seed)", seed: seed, rank: 4096)
            try await program.succeed(["registry", "push", path, "style-gen-c"])
        }
        let target = directory.path(of: "target")
        var longest = try await killWindow { number in
            try await program.succeed(["registry", "pull", "style-gen-c", directory.path(of: "window-\(number)")])
            try FileManager.default.removeItem(atPath: directory.path(of: "cache"))
        }
        var killed = 0
        var round = 0
        while killed < Self.killCount {
            let pause = longest * Double(random.next() % 1000) / 1000
            if round.isMultiple(of: 3) { try? FileManager.default.removeItem(atPath: directory.path(of: "cache")) }
            if round.isMultiple(of: 7) { try? FileManager.default.removeItem(atPath: target) }
            let version = round % 2 + 1
            let reference = "style-gen-c@\(version)"
            let start = ContinuousClock.now
            let outcome = try await program.run(["registry", "pull", reference, target], interruption: .after(pause))
            if outcome.isKilled { killed += 1 } else { longest = min(longest, ContinuousClock.now - start) }
            round += 1
            try PulledDirectory.checkWholeIfThere(target)
            try await program.succeed(["registry", "pull", "style-gen-c@\(version)", target])
            #expect(try PulledDirectory.version(target) == version)
        }
    }

    private struct PushReport: Decodable {
        struct Version: Decodable {
            let version: Int
        }

        let version: Version
    }
}
