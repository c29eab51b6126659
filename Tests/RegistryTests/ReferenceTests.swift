// SPDX-License-Identifier: Apache-2.0

import Registry
import Testing

@Suite("References")
struct ReferenceTests {
    private func parse(_ text: String, local: Set<String> = []) throws -> Reference {
        try Reference(text) { local.contains($0) }
    }

    @Test("Every form of design is read")
    func forms() throws {
        let name = try RegistryName("multi-style-gen-c")
        #expect(try parse("multi-style-gen-c") == .named(name, .current))
        #expect(try parse("multi-style-gen-c@v3") == .named(name, .version(3)))
        #expect(try parse("multi-style-gen-c@3") == .named(name, .version(3)))
        #expect(try parse("multi-style-gen-c@prod") == .named(name, .alias(AliasName("prod"))))
        #expect(try parse("multi-style-gen-c@sha256:3FA71d32") == .named(name, .digest("3fa71d32")))
        #expect(try parse("s3://bucket/lora/a/") == .objects(bucket: "bucket", prefix: "lora/a"))
        #expect(try parse("s3://bucket") == .objects(bucket: "bucket", prefix: ""))
        #expect(
            try parse("hf://ACE-Step/Ace-Step1.5@main") == .hub(repository: "ACE-Step/Ace-Step1.5", revision: "main")
        )
        #expect(try parse("hf://ACE-Step/Ace-Step1.5") == .hub(repository: "ACE-Step/Ace-Step1.5", revision: nil))
        for path in ["./a", "/a/b", "a/b", "~/a", "x.safetensors", "../up", "a/"] {
            #expect(try parse(path) == .local(path: path))
        }
        #expect(try parse("file:///x/y") == .local(path: "/x/y"))
    }

    @Test("A directory of that name wins over the registry")
    func localFirst() throws {
        #expect(try parse("warm-exp-01", local: ["warm-exp-01"]) == .local(path: "warm-exp-01"))
    }

    @Test(
        "What is no reference says what would be",
        arguments: [
            "", "ftp://x/y", "s3://", "s3:///key", "hf://one", "hf://a/b/c", "hf://a/../b", "hf://a/b@", "name@",
            "name@sha256:12",
            "name@sha256:xyzxyzxyz", "name@Prod!", "a b", "name@v0", "file://relative", "a\u{0}b", "name@@v1",
        ]
    )
    func invalid(_ text: String) throws {
        let error = #expect(throws: RegistryError.self) { try parse(text) }
        #expect(try #require(error).kind == .invalidReference)
    }

    @Test("A reference reads back as it was written")
    func roundTrip() throws {
        for text in ["a-gen-b", "a-gen-b@v3", "a-gen-b@prod", "s3://b/p/q", "hf://a/b@main", "./x"] {
            #expect(try parse(parse(text).description) == parse(text))
        }
    }
}
