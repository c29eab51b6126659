// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import Registry
import TestSupport
import Testing

@Suite("Aliases, roll-backs, retirements, collections")
struct ChangingTests {
    private let directory: TemporaryDirectory
    private let clock = SteppingClock(step: 0)
    private let store: MemoryStore
    private let registry: Registry
    private let name: RegistryName

    init() throws {
        directory = try TemporaryDirectory()
        let clock = clock
        store = MemoryStore(now: { clock.next() })
        registry = try Registry.over(store) { $0.environment.now = { clock.next() } }
        name = try RegistryName("style-gen-c")
    }

    private func push(_ seeds: ClosedRange<Int>) async throws {
        for seed in seeds { _ = try await registry.publish(AdapterFixture.source(directory, seed: seed), as: name) }
    }

    private func shown() async throws -> String { try await store.text("lora/style-gen-c/training_args.json") }

    private func kind(_ body: () async throws -> Void) async -> RegistryError.Kind? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? RegistryError)?.kind
        }
    }

    @Test("Rolling back goes to the version before current, step by step, and the flat folder with it")
    func rollBack() async throws {
        try await push(1...3)
        #expect(try await registry.rollBack(name).history.state.current == 2)
        #expect(try await shown().contains("100002"))
        #expect(try await registry.rollBack(name).history.state.current == 1)
        #expect(await kind { _ = try await registry.rollBack(name) } == .notFound)
        #expect(try await registry.rollBack(name, to: .version(3)).history.state.current == 3)
        #expect(try await registry.rollBack(name, to: .alias(.latest)).hasChanged == false)
    }

    @Test("Two who roll back from the same state go one step together")
    func rollBackTwice() async throws {
        try await push(1...3)
        let other = try Registry.over(store)
        async let first = registry.rollBack(name)
        async let second = other.rollBack(name)
        let currents = [try? await first.history.state.current, try? await second.history.state.current]
        #expect(currents.contains(2))
        let now = try await registry.history(of: name).state.current
        #expect(now == 2 || now == 1)
    }

    @Test("Aliases move, are removed, and do not move the flat folder")
    func aliases() async throws {
        try await push(1...2)
        let prod = try AliasName("prod")
        let manifest = try await store.text("lora/style-gen-c/adapter_manifest.json")
        #expect(try await registry.setAlias(prod, of: name, to: .version(1)).hasChanged)
        #expect(try await registry.setAlias(prod, of: name, to: .version(1)).hasChanged == false)
        #expect(try await registry.version(.alias(prod), of: name).0.number == 1)
        #expect(try await store.text("lora/style-gen-c/adapter_manifest.json") == manifest)
        #expect(try await registry.removeAlias(prod, of: name).hasChanged)
        #expect(await kind { _ = try await registry.version(.alias(prod), of: name) } == .notFound)
        #expect(await kind { _ = try await registry.setAlias(.latest, of: name, to: .version(1)) } == .invalidName)
        #expect(await kind { _ = try await registry.removeAlias(.current, of: name) } == .invalidName)
        #expect(
            await kind { _ = try await registry.setAlias(prod, of: name, to: .version(1), expecting: 1) } == .conflict
        )
        #expect(await kind { _ = try await registry.setAlias(prod, of: name, to: .version(9)) } == .notFound)
    }

    @Test("Digests select a version by their first digits")
    func digests() async throws {
        try await push(1...2)
        let version = try await registry.version(.version(1), of: name).0
        #expect(
            try await registry.version(Selector("sha256:" + version.tree.digest.prefix(12)), of: name).0.number == 1
        )
        #expect(await kind { _ = try await registry.version(.digest("0000000000"), of: name) } == .notFound)
    }

    @Test("A version with an alias is not retired; a retired one gets no alias")
    func retire() async throws {
        try await push(1...2)
        #expect(await kind { _ = try await registry.retire(.version(2), of: name) } == .conflict)
        #expect(try await registry.retire(.version(1), of: name).hasChanged)
        #expect(await kind { _ = try await registry.rollBack(name) } == .notFound)
        #expect(await kind { _ = try await registry.setAlias(.current, of: name, to: .version(1)) } == .retired)
        #expect(try await registry.reinstate(.version(1), of: name).hasChanged)
        #expect(try await registry.rollBack(name).history.state.current == 1)
        _ = try await registry.rollBack(name, to: .version(2))
        _ = try await registry.retire(.version(1), of: name)
        clock.advance(6.5 * 86400)
        #expect(await kind { _ = try await registry.reinstate(.version(1), of: name) } == .retired)
    }

    @Test("A collection deletes the files of versions retired a week ago, after saying so")
    func collect() async throws {
        try await push(1...4)
        var rule = Registry.CollectionRule()
        rule.keepLast = 2
        rule.minimumAge = 0
        #expect(try await registry.collect([name], rule).retired == ["style-gen-c@v1", "style-gen-c@v2"])
        #expect(try await registry.history(of: name).sequence == 4)
        rule.isDryRun = false
        #expect(try await registry.collect([name], rule).deleted.isEmpty)
        clock.advance(7.5 * 86400)
        rule.keepLast = nil
        rule.isDryRun = true
        let before = try await store.keys("lora-registry/style-gen-c/trees/").count
        #expect(Set(try await registry.collect([name], rule).deleted.map(\.version)) == [1, 2])
        #expect(try await store.keys("lora-registry/style-gen-c/trees/").count == before)
        rule.isDryRun = false
        #expect(try await registry.collect([name], rule).deleted.count == 2)
        #expect(try await store.keys("lora-registry/style-gen-c/trees/").count == before / 2)
        let (gone, _) = try await registry.version(.version(1), of: name)
        let cache = LocalCache(directory: directory.path(of: "cache"))
        #expect(await kind { _ = try await registry.fetch(gone, of: name, into: cache) } == .retired)
        #expect(try await registry.verify(name).isEmpty)
        // The same content may come back as a new version.
        let back = try await registry.publish(AdapterFixture.source(directory, seed: 1), as: name)
        #expect(back.version.number == 5)
    }

    @Test("Purging leaves no object versions behind")
    func purge() async throws {
        try await push(1...2)
        _ = try await registry.retire(.version(1), of: name)
        clock.advance(8 * 86400)
        var rule = Registry.CollectionRule()
        rule.isDryRun = false
        rule.purges = true
        let tree = try #require(try await registry.collect([name], rule).deleted.first)
        let versions = try await store.listVersions(
            VersionListOptions(prefix: "lora-registry/style-gen-c/trees/" + tree.tree)
        )
        #expect(versions.versions.isEmpty)
    }

    @Test("Attempts that were given up go after a day, younger ones stay")
    func orphans() async throws {
        try await push(1...1)
        let files = try await store.keys("lora-registry/style-gen-c/trees/")
        let tree = try #require(files.first).split(separator: "/")[3]
        let orphan = TreeID(date: clock.next(), random: (1, 2), digest: String(repeating: "a", count: 64))
        for file in files {
            let copy = file.replacingOccurrences(of: tree, with: orphan.text)
            try await store.copy(ObjectKey(file), to: ObjectKey(copy))
        }
        var rule = Registry.CollectionRule()
        rule.isDryRun = false
        clock.advance(23 * 3600)
        #expect(try await registry.collect([name], rule).deleted.isEmpty)
        clock.advance(2 * 3600)
        #expect(try await registry.collect([name], rule).deleted.map(\.tree) == [orphan.text])
        #expect(try await registry.verify(name).isEmpty)
    }

    @Test("A machine whose clock is ahead deletes nothing")
    func clockAhead() async throws {
        try await push(1...2)
        _ = try await registry.retire(.version(1), of: name)
        let clock = clock
        let fast = try Registry.over(store) { $0.environment.now = { clock.next() + 9 * 86400 } }
        var rule = Registry.CollectionRule()
        rule.isDryRun = false
        #expect(await kind { _ = try await fast.collect([name], rule) } == .unsupported)
        #expect(try await registry.verify(name, .version(1)).isEmpty)
    }

    @Test("A retirement that is written with a clock of long ago waits out the grace period all the same")
    func clockBehind() async throws {
        try await push(1...2)
        let clock = clock
        let slow = try Registry.over(store) { $0.environment.now = { clock.next() - 30 * 86400 } }
        _ = try await slow.retire(.version(1), of: name)
        var rule = Registry.CollectionRule()
        rule.isDryRun = false
        #expect(try await registry.collect([name], rule).deleted.isEmpty)
        clock.advance(7.5 * 86400)
        #expect(try await registry.collect([name], rule).deleted.map(\.version) == [1])
    }

    @Test("Reading a name that is not there names the ones that are close")
    func missing() async throws {
        try await push(1...1)
        let wrong = try RegistryName("style-gen-d")
        let error = await #expect(throws: RegistryError.self) { try await registry.version(.current, of: wrong) }
        #expect(try #require(error).message.contains("'style-gen-c'"))
    }

    @Test("Object versions are listed, fetched and restored, and doctor sees it")
    func objectHistory() async throws {
        try await push(1...2)
        let versions = try await registry.objectHistory(of: name).filter { $0.path == "training_args.json" }
        #expect(versions.count == 2)
        let old = try #require(versions.last)
        let path = directory.path(of: "old.json")
        try await registry.fetchObject("training_args.json", of: name, version: old.version, to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("100001"))
        try await registry.restoreObject("training_args.json", of: name, version: old.version)
        #expect(try await shown().contains("100001"))
        #expect(try await registry.flatView(of: name) == .changedByHand(["training_args.json"]))
        var options = Registry.DiagnosisOptions()
        options.repairs = true
        _ = try await registry.diagnose(options)
        #expect(try await shown().contains("100002"))
        #expect(try await registry.flatView(of: name) == .current)
    }

    @Test("What lay in the flat folders before the registry becomes version 1")
    func adoption() async throws {
        let path = try AdapterFixture.write(directory, "hand-made", seed: 7)
        for file in ["adapter_model.safetensors", "adapter_config.json", "training_args.json"] {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + file)))
            try await store.put(ObjectKey("lora/loo-subsets/loo-jazz/" + file), bytes: bytes)
        }
        let jazz = try RegistryName("loo-jazz")
        #expect(try await registry.flatNames() == [jazz])
        let found = try await registry.diagnose()
        #expect(found.contains { $0.subject == "loo-jazz" && $0.severity == .warning })
        var options = Registry.DiagnosisOptions()
        options.adopts = true
        options.temporaryDirectory = directory.path(of: "adopt")
        _ = try await registry.diagnose(options)
        #expect(try await registry.history(of: jazz).state.current == 1)
        #expect(try await store.text("lora/loo-subsets/loo-jazz/training_args.json").contains("100007"))
        #expect(try await registry.diagnose().isEmpty)
    }
}
