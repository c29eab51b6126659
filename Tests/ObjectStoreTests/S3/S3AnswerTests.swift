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
