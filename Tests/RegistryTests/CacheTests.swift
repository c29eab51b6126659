// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import Registry
import TestSupport
import Testing

@Suite("Local cache and references")
struct CacheTests {
    private let directory: TemporaryDirectory
    private let store = MemoryStore()
    private let counting: CountingStore
    private let cache: LocalCache
    private let name: RegistryName

    init() throws {
        directory = try TemporaryDirectory()
        counting = CountingStore(store)
        cache = LocalCache(directory: directory.path(of: "cache"))
        name = try RegistryName("style-gen-c")
    }

    private func push(_ seed: Int, as name: RegistryName? = nil) async throws -> VersionRecord {
        try await Registry.over(store).publish(AdapterFixture.source(directory, seed: seed), as: name ?? self.name)
            .version
    }

    private func resolver(_ cache: LocalCache? = nil) throws -> ReferenceResolver {
        let store = store
        return ReferenceResolver(
            cache: cache ?? self.cache,
            registry: try Registry.over(counting),
            openBucket: { _ in store }
        )
    }

    private func arguments(_ path: String) throws -> String {
        try String(contentsOfFile: path + "/training_args.json", encoding: .utf8)
    }

    @Test("A version is fetched once, then found without its files being asked for")
    func once() async throws {
        let version = try await push(1)
        let first = try await resolver().resolve(Reference("style-gen-c") { _ in false })
        #expect(first.version == 1)
        #expect(first.digest == "sha256:" + version.tree.digest)
        #expect(first.aliases == ["current"])
        #expect(try arguments(first.path).contains("100001"))
        let before = counting.total
        let second = try await resolver().resolve(.named(name, .current))
        #expect(second == first)
        #expect(counting.total == before + 1)
    }

    @Test("Offline, what was fetched is found and says so; what was not is an error")
    func offline() async throws {
        _ = try await push(1)
        let before = try await resolver().resolve(.named(name, .current))
        _ = try await push(2)
        counting.setOut(true)
        let found = try await resolver().resolve(.named(name, .current))
        #expect(found.version == 1)
        #expect(found.isOffline)
        #expect(found.path == before.path)
        #expect(!found.warnings.isEmpty)
        let other = try RegistryName("other-gen-c")
        let error = await #expect(throws: RegistryError.self) { try await resolver().resolve(.named(other, .current)) }
        #expect(try #require(error).kind == .offline)
        counting.setOut(false)
        #expect(try await resolver().resolve(.named(name, .current)).version == 2)
    }

    @Test("Damage to the cache is noticed and repaired, and deleting it loses nothing")
    func damage() async throws {
        _ = try await push(1)
        let found = try await resolver().resolve(.named(name, .current))
        let weights = found.path + "/adapter_model.safetensors"
        let good = try Data(contentsOf: URL(fileURLWithPath: weights))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: weights)
        var bad = good
        bad[bad.count - 1] ^= 1
        try bad.write(to: URL(fileURLWithPath: weights))
        #expect(
            try Data(
                contentsOf: URL(
                    fileURLWithPath: try await resolver().resolve(.named(name, .current)).path
                        + "/adapter_model.safetensors"
                )
            ) == good
        )
        try FileManager.default.removeItem(atPath: weights)
        _ = try await resolver().resolve(.named(name, .current))
        #expect(try Data(contentsOf: URL(fileURLWithPath: weights)) == good)
        try FileManager.default.removeItem(atPath: cache.directory)
        #expect(try await resolver().resolve(.named(name, .current)).version == 1)
    }

    @Test("The store's damaged bytes never get into the cache")
    func corrupted() async throws {
        let version = try await push(1)
        let key = try ObjectKey(KeyLayout(kind: .lora).treePrefix(name, version.tree.id) + "adapter_model.safetensors")
        var bytes = try await store.read(key).bytes
        bytes[bytes.count - 1] ^= 1
        try await store.put(key, bytes: bytes)
        let error = await #expect(throws: RegistryError.self) { try await resolver().resolve(.named(name, .current)) }
        #expect(try #require(error).kind == .corrupted)
        #expect(try await cache.entry(version.tree.digest) == nil)
        #expect(try await Registry.over(store).verify(name).contains { $0.subject == "style-gen-c@v1" })
    }

    @Test("The least recently used versions go when there is no space, those just used stay")
    func eviction() async throws {
        let clock = SteppingClock(step: 0)
        var environment = RegistryEnvironment()
        environment.now = { clock.next() }
        let versions = [try await push(1), try await push(2), try await push(3)]
        let size = versions[0].tree.byteCount
        let small = LocalCache(
            directory: directory.path(of: "small"),
            maximumByteCount: 2 * size + size / 2,
            environment: environment
        )
        let registry = try Registry.over(store)
        for version in versions.prefix(2) {
            _ = try await registry.fetch(version, of: name, into: small)
            clock.advance(5)
        }
        clock.advance(3600)
        #expect(try await small.entry(versions[0].tree.digest) != nil)
        _ = try await registry.fetch(versions[2], of: name, into: small)
        #expect(try await small.entry(versions[0].tree.digest) != nil)
        #expect(try await small.entry(versions[1].tree.digest) == nil)
        #expect(try await small.usage().treeCount == 2)
    }

    @Test("Many who want the same version at once fetch it once")
    func together() async throws {
        _ = try await push(1)
        let cache = cache
        let counting = counting
        let name = name
        let paths = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let resolver = ReferenceResolver(cache: cache, registry: try Registry.over(counting))
                    return try await resolver.resolve(.named(name, .current)).path
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(paths.count == 1)
        #expect(counting.count(of: "get") <= 8 * 3 + 3)
    }

    @Test("A cache that cannot be written says so")
    func readOnly() async throws {
        _ = try await push(1)
        let file = try directory.write("x", to: "occupied")
        let error = await #expect(throws: ObjectStoreError.self) {
            try await resolver(LocalCache(directory: file)).resolve(.named(name, .current))
        }
        #expect(try #require(error).description.contains("occupied"))
    }

    @Test("s3:// reads a flat folder by its manifest, and any other folder as it is")
    func prefixes() async throws {
        let version = try await push(1)
        let flat = try await resolver().resolve(Reference("s3://bucket/lora/style-gen-c/"))
        #expect(flat.version == 1)
        #expect(flat.digest == "sha256:" + version.tree.digest)
        for file in version.tree.files {
            try await store.copy(ObjectKey("lora/style-gen-c/" + file.path), to: ObjectKey("hand/made/" + file.path))
        }
        try await store.put(ObjectKey("hand/made/empty.txt"), bytes: [])
        try await store.put(ObjectKey("hand/made/.hidden"), bytes: [1])
        let foreign = try await resolver().resolve(Reference("s3://bucket/hand/made"))
        #expect(foreign.name == "made")
        #expect(foreign.version == nil)
        #expect(FileManager.default.fileExists(atPath: foreign.path + "/empty.txt"))
        #expect(foreign.warnings.count == 1)
        let single = try await resolver().resolve(Reference("s3://bucket/hand/made/adapter_config.json"))
        #expect(single.path.hasSuffix("/adapter_config.json"))
        let error = await #expect(throws: RegistryError.self) {
            try await resolver().resolve(Reference("s3://bucket/nothing"))
        }
        #expect(try #require(error).kind == .notFound)
    }

    @Test("A flat folder that is being exchanged, or was changed by hand, is never loaded")
    func flatChanged() async throws {
        _ = try await push(1)
        let key = try ObjectKey("lora/style-gen-c/training_args.json")
        let text = String(decoding: try await store.read(key).bytes, as: UTF8.self)
        try await store.put(key, bytes: Array(text.replacingOccurrences(of: "100", with: "200").utf8))
        var environment = RegistryEnvironment()
        environment.sleep = { _ in }
        let impatient = LocalCache(directory: directory.path(of: "impatient"), environment: environment)
        await #expect(throws: RegistryError.self) {
            try await resolver(impatient).resolve(Reference("s3://bucket/lora/style-gen-c"))
        }
    }

    @Test("Pulling fills a directory, replaces a version in it, and leaves strangers' files alone")
    func pull() async throws {
        _ = try await push(1)
        _ = try await push(2)
        let target = directory.path(of: "out/adapter")
        _ = try await resolver().pull(.named(name, .version(1)), into: target)
        #expect(try arguments(target).contains("100001"))
        _ = try await resolver().pull(.named(name, .current), into: target + "/")
        #expect(try arguments(target).contains("100002"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path(of: "out")) == ["adapter"])
        try Data("mine".utf8).write(to: URL(fileURLWithPath: target + "/notes.txt"))
        _ = try await resolver().pull(.named(name, .version(1)), into: target)
        #expect(try arguments(target).contains("100001"))
        #expect(try String(contentsOfFile: target + "/notes.txt", encoding: .utf8) == "mine")
        let manifest = try FlatManifest(
            [UInt8](Data(contentsOf: URL(fileURLWithPath: target + "/adapter_manifest.json"))),
            from: "manifest"
        )
        #expect(manifest.version == 1)
        #expect(manifest.state == .complete)
        // Writing into the directory does not reach the cache.
        try Data("{}".utf8).write(to: URL(fileURLWithPath: target + "/training_args.json"))
        #expect(try arguments(try await resolver().resolve(.named(name, .version(1))).path).contains("100001"))
        let file = try directory.write("x", to: "file")
        await #expect(throws: RegistryError.self) { try await resolver().pull(.named(name, .current), into: file) }
    }

    @Test("A checkpoint is mirrored, goes on after a break, and keeps what is right")
    func mirror() async throws {
        for index in 0..<5 {
            try await store.put(
                ObjectKey("models/m/part/\(index).bin"),
                bytes: [UInt8](repeating: UInt8(index), count: 1000)
            )
        }
        try await store.put(ObjectKey("models/m/empty"), bytes: [])
        let target = directory.path(of: "model")
        let first = try await PrefixMirror(store: counting, prefix: "models/m/").run(into: target)
        #expect(first.fileCount == 6)
        #expect(first.byteCount == 5000)
        #expect(try Data(contentsOf: URL(fileURLWithPath: target + "/part/4.bin")) == Data(repeating: 4, count: 1000))
        #expect(try Data(contentsOf: URL(fileURLWithPath: target + "/empty")).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: target).sorted() == ["empty", "part"])
        try await store.put(ObjectKey("models/m/PART/4.bin"), bytes: [1])
        await #expect(throws: RegistryError.self) {
            try await PrefixMirror(store: store, prefix: "models/m").run(into: target)
        }
    }
}
