// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore
import Testing

@Suite("S3Answer")
struct S3AnswerTests {
    private struct Value: Decodable { var name: String }

    @Test("Plain answers are read, spaces in values kept")
    func plain() throws {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R xmlns=\"http://x/\"><name> a&amp;b </name></R>"
        #expect(try S3Answer.decode(Value.self, ByteBuffer(string: text)).name == " a&b ")
        #expect(S3Answer.rootName(ByteBuffer(string: text)) == "R")
        #expect(S3Answer.rootName(ByteBuffer(string: "<Error/>")) == "Error")
        #expect(S3Answer.rootName(ByteBuffer()) == nil)
    }

    @Test(
        "Bombs and whatever else S3 never sends are refused before they are parsed",
        arguments: [
            "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><r><name>&b;</name></r>",
            "<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><r><name>x</name></r>", "<r><![CDATA[<name>x</name>]]></r>",
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?><r><name>x</name></r>", "<r>\0<name>x</name></r>",
            String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40), "<r><name>x</name>", "<r", "",
            "not XML",
            "<html><body>proxy</body></html>", "<r><name>&undefined;</name></r>",
        ]
    )
    func refused(text: String) {
        let error = #expect(throws: ObjectStoreError.self) { try S3Answer.decode(Value.self, ByteBuffer(string: text)) }
        #expect(error?.kind == .malformedResponse)
        // A page that is no answer is well-formed; whose it is, the name of its root tells.
        if text.hasPrefix("<html>") { return }
        let other = #expect(throws: ObjectStoreError.self) { try S3Answer.walk(ByteBuffer(string: text)) { _, _ in } }
        #expect(other?.kind == .malformedResponse)
    }

    @Test("An answer is walked through element by element")
    func walk() throws {
        let text = """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
            <R xmlns="http://x/"><a b='c'> &lt;&amp;&quot;&apos;&gt;&#228;&#x1F600; ä </a >
            <none/><d><none c="e" /></d></R>

            """
        var steps: [S3Answer.Step] = []
        var depths: [Int] = []
        try S3Answer.walk(ByteBuffer(string: text)) { step, depth in
            steps.append(step)
            depths.append(depth)
        }
        #expect(
            steps == [
                .opened(name: "R"), .opened(name: "a"), .closed(name: "a", text: " <&\"'>ä😀 ä "),
                .opened(name: "none"), .closed(name: "none", text: ""), .opened(name: "d"), .opened(name: "none"),
                .closed(name: "none", text: ""), .closed(name: "d", text: nil), .closed(name: "R", text: nil),
            ]
        )
        #expect(depths == [0, 1, 1, 1, 1, 1, 2, 2, 1, 0])
    }

    @Test(
        "What is not well-formed is not walked through",
        arguments: [
            "<a><b></a></b>", "<a></b>", "<a/><b/>", "x<a/>", "<a/>x", "<a>&</a>", "<a>&amp</a>", "<a>&#xD800;</a>",
            "<a>&#0;</a>",
            "<a>&#-1;</a>", "<a>&#+65;</a>", "<>x</>", "</a><a>", "<?xml version=\"1.0\"?>",
        ]
    )
    func malformed(text: String) {
        let error = #expect(throws: ObjectStoreError.self) { try S3Answer.walk(ByteBuffer(string: text)) { _, _ in } }
        #expect(error?.kind == .malformedResponse)
    }

    @Test("Bytes that are no UTF-8 are not walked through")
    func encoding() {
        let bytes = ByteBuffer(bytes: Array("<a>".utf8) + [0xC3, 0x28] + Array("</a>".utf8))
        #expect(throws: ObjectStoreError.self) { try S3Answer.walk(bytes) { _, _ in } }
    }

    @Test("An answer beyond the limit is refused")
    func long() {
        let text = "<r><name>" + String(repeating: "x", count: S3Answer.maximumByteCount) + "</name></r>"
        #expect(throws: ObjectStoreError.self) { try S3Answer.decode(Value.self, ByteBuffer(string: text)) }
    }
}

@Suite("Endpoint")
struct EndpointTests {
    @Test(
        "URLs of servers are read",
        arguments: [
            ("http://127.0.0.1:8333", "http://127.0.0.1:8333"), ("https://s3.example.com/", "https://s3.example.com"),
            ("https://h:443", "https://h"), ("HTTP://h:80/base/", "http://h/base"),
            ("http://[::1]:9000", "http://[::1]:9000"),
        ]
    )
    func read(text: String, expected: String) throws {
        #expect(try Endpoint(text).description == expected)
    }

    @Test(
        "Anything else is refused",
        arguments: ["", "h:80", "ftp://h", "http://", "http://u:p@h", "http://h?x", "http://h#x", "http:// h"]
    )
    func refused(text: String) {
        #expect(throws: ObjectStoreError.self) { try Endpoint(text) }
    }
}
