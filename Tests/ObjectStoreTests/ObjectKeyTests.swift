// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import Testing

@Suite("ObjectKey")
struct ObjectKeyTests {
    @Test(
        "Keys that would escape or read differently elsewhere are refused",
        arguments: [
            "", "/a", "..", "../a", "a/..", "a/../b", ".", "a/./b", "a\\b", "a\0b", "a\nb", "a\u{7F}",
            String(repeating: "a", count: 1025), String(repeating: "\u{E9}", count: 513),
        ]
    )
    func refused(text: String) throws {
        let error = #expect(throws: ObjectStoreError.self) { try ObjectKey(text) }
        #expect(error?.kind == .invalidKey)
        #expect(error?.description.contains("\n") == false)
    }

    @Test(
        "Keys that S3 allows are taken as they are",
        arguments: [
            "a", "a//b", "a/", "...", "a..b/c..", ".hidden", " ", String(repeating: "a", count: 1024),
            "\u{6F22}/%2e%2e",
        ]
    )
    func taken(text: String) throws {
        #expect(try ObjectKey(text).text == text)
    }

    @Test("Order and equality are those of the bytes")
    func bytes() throws {
        let (composed, decomposed) = (try ObjectKey("\u{E9}"), try ObjectKey("e\u{301}"))
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(try ObjectKey("a-b") < ObjectKey("a/b"))
        #expect(try ObjectKey("a/b").lastComponent == "b")
        #expect(try ObjectKey("ab").lastComponent == "ab")
        #expect(try ObjectKey("a/").appending("b").text == "a/b")
        #expect(throws: ObjectStoreError.self) { try ObjectKey("a").appending("..") }
    }

    @Test("Keys that differ in case alone are found")
    func collisions() throws {
        let keys = try ["x/A", "x/b", "x/a"].map { try ObjectKey($0) }
        let found = try #require(ObjectKey.caseCollision(in: keys))
        #expect(found.0.text == "x/A" && found.1.text == "x/a")
        #expect(ObjectKey.caseCollision(in: keys.dropLast()) == nil)
    }
}
