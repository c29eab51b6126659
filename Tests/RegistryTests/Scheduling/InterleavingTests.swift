// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import Registry
import TestSupport
import Testing

@Suite("Interleavings of publishers")
struct InterleavingTests {
    /// The slow suite plays more of them; all of them are played in the model, by Scripts/check-registry-model.
    static let maximumRuns = ProcessInfo.processInfo.environment["LUMINA_SLOW"] == "1" ? 3000 : 250

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func publisher(_ seed: Int) async throws -> World.Role {
        let source = try await AdapterFixture.source(directory, seed: seed)
        return World.Role("publisher-\(seed)") { _ = try await $0.publish(source, as: World.name) }
    }

    private func explore(
        _ roles: [World.Role],
        lost: Int = 0,
        crashes: Int = 0,
        checksFlatView: Bool = true,
        versions: Int? = nil
    ) async throws -> Exploration.Result {
        var exploration = Exploration { World(roles) }
        exploration.lostAnswers = lost
        exploration.crashes = crashes
        exploration.checksFlatView = checksFlatView
        exploration.maximumRuns = Self.maximumRuns
        exploration.versionCount = versions
        let result = try await exploration.run()
        print("interleavings: \(roles.map(\.name)) lost \(lost) crashes \(crashes): \(result)")
        #expect(result.ends > 0)
        return result
    }

    @Test("Two publishers: two versions, and the flat view is the last")
    func twoPublishers() async throws {
        _ = try await explore([try await publisher(1), try await publisher(2)], versions: 2)
    }

    @Test("Answers of the commit get lost, twice")
    func lostAnswers() async throws {
        _ = try await explore([try await publisher(1), try await publisher(2)], lost: 2, versions: 2)
    }

    @Test("A publisher is killed anywhere, and an answer is lost")
    func crash() async throws {
        _ = try await explore([try await publisher(1), try await publisher(2)], lost: 1, crashes: 1)
    }

    @Test("Two publishers of the same content make one version")
    func sameContent() async throws {
        let source = try await AdapterFixture.source(directory, seed: 5)
        let role = World.Role("twin") { _ = try await $0.publish(source, as: World.name) }
        _ = try await explore([role, role], lost: 1, versions: 1)
    }

    @Test("Contents that come back (publish, publish, roll back) converge when nobody is killed")
    func contentsThatComeBack() async throws {
        let first = try await publisher(1)
        let second = try await publisher(2)
        let rollback = World.Role("rollback") { registry in
            do {
                _ = try await registry.rollBack(World.name, to: .version(1))
            } catch let error as RegistryError where error.kind == .notFound {
                return  // nothing was published yet
            }
        }
        _ = try await explore([first, second, rollback], checksFlatView: false)
    }

    @Test("A reader sees whole versions only")
    func reader() async throws {
        let reader = World.Role("reader") { registry in
            for _ in 0..<2 {
                let history = try await registry.history(of: World.name)
                guard let number = history.state.current, let version = history.state.version(number) else { continue }
                for file in version.tree.files {
                    let key = try ObjectKey(registry.layout.treePrefix(World.name, version.tree.id) + file.path)
                    let info = try await registry.store.head(key)
                    if info.size != file.size { throw Violation("the reader got half of \(file.path)") }
                }
            }
        }
        _ = try await explore([try await publisher(1), try await publisher(2), reader])
    }

    @Test("The exploration finds what goes wrong on a store without If-Match")
    func withoutFences() async throws {
        let roles = [try await publisher(1), try await publisher(2)]
        let blunt = StoreCapabilities(putIfAbsent: true, putIfMatch: false, copyIfMatch: false, deleteIfMatch: false)
        var exploration = Exploration { World(roles, capabilities: blunt) }
        exploration.maximumRuns = 2000
        let unfenced = exploration
        await #expect(throws: Violation.self) { try await unfenced.run() }
    }

    @Test("The exploration finds the update that is lost without put-if-absent")
    func withoutPutIfAbsent() async throws {
        let roles = [try await publisher(1), try await publisher(2)]
        var exploration = Exploration { World(roles, isSingleWriter: true) }
        exploration.maximumRuns = 2000
        exploration.versionCount = 2
        let careless = exploration
        await #expect(throws: Violation.self) { try await careless.run() }
    }
}
