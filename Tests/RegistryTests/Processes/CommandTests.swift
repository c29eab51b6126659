// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import Registry
import TestSupport
import Testing

@Suite("lumina registry")
struct CommandTests {
    private let directory: TemporaryDirectory
    private let program: LuminaProcess

    init() throws {
        directory = try TemporaryDirectory()
        program = LuminaProcess(directory, store: "file://" + directory.path(of: "store"))
    }

    private func push(_ seed: Int, _ name: String = "style-gen-c", _ options: [String] = []) async throws {
        let path = try AdapterFixture.write(directory, "a\(seed)", seed: seed)
        try await program.succeed(["registry", "push", path, name] + options)
    }

    private func json(_ arguments: [String]) async throws -> Any {
        try JSONSerialization.jsonObject(with: Data(try await program.succeed(arguments + ["--json"]).utf8))
    }

    @Test("The whole life of a name: push, list, alias, show, roll back, diff, retire, verify, gc, history")
    func life() async throws {
        try await program.succeed(["registry", "init"])
        for seed in 1...3 {
            try await push(seed, "style-gen-c", ["--metric", "loss=0.\(seed)", "--note", "run \(seed)"])
        }
        #expect(try await program.succeed(["registry", "list"]).contains("style-gen-c  v3"))
        #expect(try await program.succeed(["registry", "list", "run", "2", "--offline"]).contains("style-gen-c"))
        #expect(
            try await program.succeed(["registry", "list", "nothing-such", "--offline"]).contains("nothing matches")
        )
        #expect(
            try await program.succeed(["registry", "alias", "style-gen-c", "prod", "v2"]) == "style-gen-c@prod is v2\n"
        )
        let shown = try #require(try await json(["registry", "show", "style-gen-c@prod"]) as? [String: Any])
        #expect(shown["version"] as? Int == 2)
        #expect((shown["lineage"] as? [String: Any])?["metrics"] as? [String: Double] == ["loss": 0.2])
        #expect(try await program.succeed(["registry", "rollback", "style-gen-c"]) == "style-gen-c is at v2\n")
        let versions = try #require(try await json(["registry", "versions", "style-gen-c"]) as? [[String: Any]])
        #expect(versions.map { $0["aliases"] as? [String] } == [[], ["current", "prod"], []])
        let diff = try await program.succeed(["registry", "diff", "style-gen-c@1", "style-gen-c@3", "--deep"])
        #expect(diff.contains("training_args.json: seed"))
        #expect(diff.contains("lineage: metrics.loss"))
        #expect(diff.contains("0 tensors are equal, 2 are not"))
        try await program.succeed(["registry", "retire", "style-gen-c@v1", "--note", "bad"])
        #expect(try await program.succeed(["registry", "versions", "style-gen-c"]).contains("retired"))
        try await program.succeed(["registry", "verify"])
        #expect(try await program.succeed(["registry", "gc"]).contains("would delete 0"))
        #expect(try await program.succeed(["registry", "doctor", "--race-test"]).contains("all is well"))
        let history = try #require(
            try await json(["registry", "history", "style-gen-c", "--file", "training_args.json"]) as? [[String: Any]]
        )
        #expect(history.count == 4)
        let target = directory.path(of: "out")
        try await program.succeed(["registry", "pull", "style-gen-c@prod", target])
        #expect(try String(contentsOfFile: target + "/training_args.json", encoding: .utf8).contains("100002"))
        let watched = try await program.succeed(["registry", "watch", "style-gen-c", "--once", "--json"])
        #expect(watched.contains("\"version\":2"))
    }

    @Test("Deleting cache and catalogue loses nothing")
    func deletable() async throws {
        try await push(1)
        let target = directory.path(of: "out")
        try await program.succeed(["registry", "pull", "style-gen-c", target])
        let listed = try await program.succeed(["registry", "list"])
        try FileManager.default.removeItem(atPath: directory.path(of: "cache"))
        #expect(try await program.succeed(["registry", "list"]) == listed)
        try await program.succeed(["registry", "pull", "style-gen-c", directory.path(of: "again")])
        #expect(DirectoryDigest.sha256(directory.path(of: "again")) == DirectoryDigest.sha256(target))
    }

    @Test("Signing keys of openssl, and what unsigned means to who asks for signatures")
    func signing() async throws {
        let (key, publicKey) = (directory.path(of: "key.pem"), directory.path(of: "public.pem"))
        _ = try await program.run("/usr/bin/openssl", ["genpkey", "-algorithm", "ed25519", "-out", key])
        _ = try await program.run("/usr/bin/openssl", ["pkey", "-in", key, "-pubout", "-out", publicKey])
        try await push(1, "style-gen-c", ["--sign-key", key])
        try await program.succeed(["registry", "verify", "style-gen-c", "--require-signed", "--trusted-key", publicKey])
        try await push(2)
        let refused = try await program.run([
            "registry", "verify", "style-gen-c", "--require-signed", "--trusted-key", publicKey,
        ])
        #expect(refused.status == 1)
        #expect(refused.output.contains("is not signed"))
        let pull = ["--require-signed", "--trusted-key", publicKey]
        try await program.succeed(["registry", "pull", "style-gen-c@1", directory.path(of: "one")] + pull)
        #expect(
            try await program.run(["registry", "pull", "style-gen-c", directory.path(of: "two")] + pull).status == 1
        )
        #expect(!FileManager.default.fileExists(atPath: directory.path(of: "two")))
    }

    @Test("Keys of keygen sign and are trusted; they are secret and never overwritten")
    func keys() async throws {
        let key = directory.path(of: "studio.pem")
        let made = try #require(try await json(["registry", "keygen", key]) as? [String: String])
        let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try await program.run(["registry", "keygen", key]).status == 1)
        try await push(1, "style-gen-c", ["--sign-key", key])
        let shown = try #require(try await json(["registry", "show", "style-gen-c"]) as? [String: Any])
        #expect(shown["signer"] as? String == made["signer"])
        // Several trusted keys in one file, named by the environment.
        let other = directory.path(of: "other.pem")
        try await program.succeed(["registry", "keygen", other])
        let trusted = try [other, key].map { try String(contentsOfFile: $0 + ".pub", encoding: .utf8) }.joined()
        var trusting = program
        trusting.environment["LUMINA_TRUSTED_KEYS"] = try directory.write(trusted, to: "trusted")
        try await trusting.succeed(["registry", "verify", "--require-signed"])
        let stranger = try await program.run(
            ["registry", "verify", "--require-signed", "--trusted-keys", other + ".pub"]
        )
        #expect(stranger.status == 1)
        #expect(stranger.output.contains("unknown key"))
        #expect(try await program.run(["registry", "verify", "--require-signed"]).status == 2)
    }

    @Test("What a stranger wrote into a log cannot steer the terminal")
    func forgedOutput() async throws {
        try await push(1, "style-gen-c", ["--note", "a\u{1B}[2Jb\nFORGED", "--actor", "e\u{1B}ve"])
        for arguments in [["show", "style-gen-c"], ["versions", "style-gen-c"], ["list"]] {
            let output = try await program.succeed(["registry"] + arguments)
            #expect(!output.contains("\u{1B}"), "\(arguments)")
            #expect(!output.contains("\nFORGED"), "\(arguments)")
        }
    }

    @Test("Searching is listing by words, and offline needs no store")
    func search() async throws {
        try await push(1)
        let listed = try await program.succeed(["registry", "list"])
        #expect(try await program.succeed(["registry", "search", "style"]) == listed)
        try FileManager.default.removeItem(atPath: directory.path(of: "store"))
        #expect(try await program.succeed(["registry", "search", "style", "--offline"]) == listed)
    }

    @Test("A model of the registry is pulled by its name, and is no adapter")
    func model() async throws {
        let path = try AdapterFixture.write(directory, "model", seed: 4)
        try await program.succeed(["registry", "push", path, "acestep-tiny", "--kind", "models"])
        let target = directory.path(of: "base")
        let pulled = try await json(["models", "pull", "acestep-tiny", target]) as? [String: Any]
        #expect(pulled?["files"] as? Int == 4)
        #expect(try PulledDirectory.version(target) == 1)
        #expect(try await program.run(["registry", "show", "acestep-tiny"]).status == 1)
        #expect(FileManager.default.fileExists(atPath: directory.path(of: "store/models/acestep-tiny")))
    }

    @Test("Ctrl-C ends a pull with 130 and leaves no directory")
    func interrupted() async throws {
        let path = try AdapterFixture.write(directory, "large", seed: 4, rank: 200_000)
        try await program.succeed(["registry", "push", path, "style-gen-c"])
        let target = directory.path(of: "interrupted")
        var wasInterrupted = false
        // The last bytes may come before the signal does.
        for _ in 0..<40 where !wasInterrupted {
            try? FileManager.default.removeItem(atPath: directory.path(of: "cache"))
            try? FileManager.default.removeItem(atPath: target)
            let outcome = try await program.run(
                ["registry", "pull", "style-gen-c", target],
                interruption: .init(SIGINT) { [directory] _ in directory.bytes(of: "cache") > 1_000_000 }
            )
            #expect([0, 130].contains(outcome.status), "\(outcome.errors)")
            wasInterrupted = outcome.status == 130
            if wasInterrupted {
                #expect(outcome.errors.contains("interrupted"))
                #expect(!FileManager.default.fileExists(atPath: target))
                let left = try directory.names().filter { $0.contains("interrupted") }
                #expect(left.isEmpty, "\(left)")
            }
        }
        #expect(wasInterrupted)
        try await program.succeed(["registry", "pull", "style-gen-c", target])
        #expect(try PulledDirectory.version(target) == 1)
    }

    @Test("Wrong usage and failures end with the right status and one line that helps")
    func errors() async throws {
        try await push(1)
        try AdapterFixture.write(directory, "a2", seed: 2)
        let cases: [(arguments: [String], status: Int32, text: String)] = [
            (["registry", "list", "--store", "ftp://x"], 2, "s3://BUCKET"),
            (["registry", "push", directory.path(of: "a1"), "style-gen-c@v3"], 2, "counted by the registry"),
            (["registry", "push", directory.path(of: "a1"), "blend"], 1, "blend-exp-01"),
            (["registry", "push", directory.path(of: "a1"), "../x"], 2, "no name of the registry"),
            (["registry", "push", directory.path(of: "nothing"), "style-gen-c"], 1, "nothing"),
            (["registry", "push", directory.path(of: "a2"), "style-gen-c", "--expect", "7"], 1, "not at version 7"),
            (["registry", "push", directory.path(of: "a1"), "style-gen-c", "--expect", "x"], 2, "--expect"),
            (["registry", "push", directory.path(of: "a1"), "style-gen-c", "--metric", "loss"], 2, "loss=0.031"),
            (["registry", "show", "style-gen-d"], 1, "did you mean 'style-gen-c'"),
            (["registry", "show", "style-gen-c@v9"], 1, "no version 9"),
            (["registry", "pull", "style-gen-c@none", directory.path(of: "x")], 1, "no alias 'none'"),
            (["registry", "alias", "style-gen-c", "latest", "1"], 1, "follows by itself"),
            (["registry", "rollback", "style-gen-c"], 1, "before 1"),
            (["registry", "retire", "style-gen-c"], 2, "@v3"),
            (["registry", "gc", "--keep-last", "0"], 2, "at least 1"),
            (["registry", "history", "style-gen-c", "--version-id", "x"], 2, "--file"),
            (["models", "pull", "./local", directory.path(of: "x")], 2, "local disk"),
        ]
        for (arguments, status, text) in cases {
            let outcome = try await program.run(arguments)
            #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
            #expect(outcome.errors.contains(text), "\(arguments): \(outcome.errors)")
        }
        var without = program
        without.environment["LUMINA_STORE"] = nil
        let outcome = try await without.run(["registry", "list"])
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("LUMINA_STORE"))
    }
}
