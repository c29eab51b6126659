// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import ObjectStore
import Registry
import TestSupport
import Testing

@Suite("Logs of strangers")
struct LogTests {
    private let directory: TemporaryDirectory
    private let store = MemoryStore()
    private let registry: Registry
    private let name: RegistryName

    init() throws {
        directory = try TemporaryDirectory()
        registry = try Registry.over(store)
        name = try RegistryName("style-gen-c")
    }

    private func key(_ sequence: Int) throws -> ObjectKey {
        let digits = String(sequence)
        return try ObjectKey(
            "lora-registry/style-gen-c/log/" + String(repeating: "0", count: 12 - digits.count) + digits + ".json"
        )
    }

    private func push(_ seed: Int) async throws {
        _ = try await registry.publish(AdapterFixture.source(directory, seed: seed), as: name)
    }

    /// What a new reader makes of an entry that is changed as text.
    private func error(_ sequence: Int = 1, _ change: (String) -> String) async throws -> RegistryError? {
        let key = try key(sequence)
        let text = String(decoding: try await store.read(key).bytes, as: UTF8.self)
        try await store.put(key, bytes: Array(change(text).utf8))
        let error = await #expect(throws: RegistryError.self) { try await Registry.over(store).history(of: name) }
        try await store.put(key, bytes: Array(text.utf8))
        return error
    }

    @Test("Entries that lie are refused with the entry's name")
    func lies() async throws {
        try await push(1)
        let changes: [(String, String)] = [
            ("\"adapter_config.json\"", "\"../../etc/passwd\""), ("\"adapter_config.json\"", "\"/etc/passwd\""),
            ("\"adapter_config.json\"", "\"a\\\\b\""), ("\"adapter_config.json\"", "\"a\\u0000b\""),
            ("\"adapter_config.json\"", "\"\(String(repeating: "x", count: 1025))\""),
            ("\"adapter_config.json\"", "\"TRAINING_args.json\""),
            ("\"adapter_config.json\"", "\"training_args.json/x\""),
            ("\"adapter_config.json\"", "\"adapter_manifest.json\""),
            ("\"adapter_config.json\"", "\".ssh/authorized_keys\""), ("\"size\":", "\"size\":-"),
            ("\"sha256\":\"", "\"sha256\":\"zz"),
            ("\"version\":1", "\"version\":2"), ("\"seq\":1", "\"seq\":2"),
            ("\"kind\":\"lora\"", "\"kind\":\"models\""),
            ("style-gen-c", "other-gen-c"), ("lumina-log/1", "lumina-log/9"),
            ("\"op\":\"publish\"", "\"op\":\"destroy\""),
            ("\"current\":1", "\"current\":9"), ("\"current\":1", "\"v3\":1"), ("{", "["), ("\"op\"", "\"oops\""),
            ("\"size\":", "\"size\":9223372036854775807,\"size2\":"), ("\"digest\":\"", "\"digest\":\"0"),
        ]
        for (from, to) in changes {
            let found = try await error { $0.replacingOccurrences(of: from, with: to) }
            let message = try #require(found).message
            #expect(message.contains("entry 1"), "\(to): \(message)")
            #expect(!message.unicodeScalars.contains { $0.value < 0x20 })
        }
        for text in [
            "", "null", "[]", "{}", "\u{FEFF}{}", String(repeating: "[", count: 100_000),
            "{\"schema\":\"lumina-log/1\"}",
        ] {
            _ = try await error { _ in text }
        }
    }

    @Test("An entry that was replaced breaks the chain")
    func fork() async throws {
        try await push(1)
        try await push(2)
        let found = try await error(1) { $0.replacingOccurrences(of: "tester", with: "intruder") }
        #expect(try #require(found).kind == .forked)
        let findings: [Registry.Finding]
        let text = String(decoding: try await store.read(key(1)).bytes, as: UTF8.self)
        try await store.put(key(1), bytes: Array(text.replacingOccurrences(of: "tester", with: "intruder").utf8))
        findings = try await registry.verify(name)
        #expect(findings.contains { $0.severity == .error && $0.message.contains("forked") })
    }

    @Test("An entry that was deleted is found by verify, and by whoever has the checkpoint")
    func gap() async throws {
        for seed in 1...3 { try await push(seed) }
        try await store.delete(key(2))
        let findings = try await registry.verify(name)
        #expect(findings.contains { $0.message.contains("entry 2") })
    }

    @Test("A reader starts from the checkpoint, and does without a forged one")
    func checkpoint() async throws {
        for seed in 1...8 { try await push(seed) }
        let checkpoint = try ObjectKey("lora-registry/style-gen-c/checkpoint.jsonl")
        #expect(try await store.exists(checkpoint))
        let counting = CountingStore(store)
        #expect(try await Registry.over(counting).history(of: name).sequence == 8)
        #expect(counting.count(of: "get") == 3)
        let text = String(decoding: try await store.read(checkpoint).bytes, as: UTF8.self)
        for forged in [
            "garbage\n", text.replacingOccurrences(of: "tester", with: "intruder"),
            String(text.prefix(text.utf8.count / 2)),
        ] {
            try await store.put(checkpoint, bytes: Array(forged.utf8))
            let history = try await Registry.over(store).history(of: name)
            #expect(history.sequence == 8)
            #expect(history.items.allSatisfy { $0.entry.actor == "tester" })
        }
    }

    @Test("Polling costs one request")
    func polling() async throws {
        try await push(1)
        let counting = CountingStore(store)
        let reader = try Registry.over(counting)
        _ = try await reader.history(of: name)
        let before = counting.total
        _ = try await reader.history(of: name)
        #expect(counting.total == before + 1)
    }

    @Test("Signed entries are checked, unsigned and foreign ones are refused where signatures are asked for")
    func signatures() async throws {
        let key = Curve25519.Signing.PrivateKey()
        let other = Curve25519.Signing.PrivateKey()
        let signing = try Registry.over(store) { $0.signer = key }
        _ = try await signing.publish(AdapterFixture.source(directory, seed: 1), as: name)
        let trusted = SignaturePolicy.required(keys: [key.publicKey])
        #expect(try await registry.verify(name, signatures: trusted).isEmpty)
        #expect(try await registry.verify(name, signatures: .required(keys: [other.publicKey])).count == 1)
        for change in ["\"actor\":\"tester\"": "\"actor\":\"mallet\"", "\"value\":\"": "\"value\":\"AAAA"] {
            let found = try await error { $0.replacingOccurrences(of: change.key, with: change.value) }
            #expect(found != nil)
        }
        // An unsigned entry on top: the version is signed, what the alias names now is not.
        try await push(2)
        _ = try await registry.rollBack(name)
        #expect(try await registry.verify(name, signatures: trusted).count == 2)
        let resolver = ReferenceResolver(
            cache: LocalCache(directory: directory.path(of: "cache")),
            registry: try Registry.over(store),
            signatures: trusted
        )
        _ = try await resolver.resolve(.named(name, .version(1)))
        await #expect(throws: RegistryError.self) { try await resolver.resolve(.named(name, .current)) }
        await #expect(throws: RegistryError.self) { try await resolver.resolve(.named(name, .version(2))) }
    }

    @Test("A file of trusted keys holds PEM blocks, base64 lines and comments; a broken one is refused")
    func trustedKeys() throws {
        let keys = (0..<3).map { _ in Curve25519.Signing.PrivateKey() }
        let text = """
            # the studio
            \(SigningKeys.pem(keys[0].publicKey))
            \(keys[1].publicKey.rawRepresentation.base64EncodedString())

            \(SigningKeys.pem(keys[2].publicKey))
            """
        let read = try SigningKeys.publicKeys(text, from: "trusted")
        #expect(read.map(\.rawRepresentation) == keys.map(\.publicKey.rawRepresentation))
        for broken in ["", "# nothing", "hello", SigningKeys.pem(keys[0]), String(text.dropLast(30))] {
            #expect(throws: RegistryError.self, "\(broken)") { try SigningKeys.publicKeys(broken, from: "trusted") }
        }
        #expect(try SigningKeys.privateKey(SigningKeys.pem(keys[0])).rawRepresentation == keys[0].rawRepresentation)
    }

    @Test("Keys are read as openssl writes them, and refused without being quoted")
    func keys() throws {
        let pem = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
            -----END PRIVATE KEY-----
            """
        let key = try SigningKeys.privateKey(pem)
        #expect(
            key.publicKey.rawRepresentation.base64EncodedString() == "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        )
        #expect(
            try SigningKeys.publicKey("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n").rawRepresentation
                == key.publicKey.rawRepresentation
        )
        for text in ["", "secret", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"] {
            let error = #expect(throws: RegistryError.self) { try SigningKeys.privateKey(text) }
            #expect(!(try #require(error).message.contains("c2VjcmV0")))
        }
    }
}
