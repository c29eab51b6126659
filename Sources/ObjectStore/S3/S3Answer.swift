// SPDX-License-Identifier: Apache-2.0

import Foundation
package import NIOCore
import XMLCoder

/// Reads S3's XML, and refuses what could hurt before any parser sees it.
///
/// S3 never sends a document type, an entity or another encoding than UTF-8, and nests four levels deep: whatever does is
/// not S3 (entity bombs, external entities).
package enum S3Answer {
    /// More than any page of a listing takes.
    package static let maximumByteCount = 8 << 20
    private static let maximumDepth = 16

    /// Decodes an answer.
    ///
    /// - Throws: `.malformedResponse`.
    package static func decode<Value: Decodable>(
        _ type: Value.Type,
        _ body: ByteBuffer
    ) throws(ObjectStoreError) -> Value {
        try check(body)
        let decoder = XMLDecoder(trimValueWhitespaces: false)
        do {
            return try decoder.decode(type, from: Data(body.readableBytesView))
        } catch {
            throw ObjectStoreError(.malformedResponse, message: "the answer is not the XML that S3 describes")
        }
    }

    /// The name of the outermost element; nil when there is none.
    package static func rootName(_ body: ByteBuffer) -> String? {
        var bytes = body.readableBytesView[...]
        while let open = bytes.firstIndex(of: UInt8(ascii: "<")) {
            let name = bytes[(open + 1)...].prefix { $0 != UInt8(ascii: ">") && $0 > 0x20 && $0 != UInt8(ascii: "/") }
            guard let first = name.first else { return nil }
            if first != UInt8(ascii: "?") && first != UInt8(ascii: "!") { return String(decoding: name, as: UTF8.self) }
            bytes = bytes[(open + 1)...]
        }
        return nil
    }

    static func check(_ body: ByteBuffer) throws(ObjectStoreError) {
        if body.readableBytes > maximumByteCount { throw refusal("is longer than \(maximumByteCount) bytes") }
        var depth = 0
        var bytes = body.readableBytesView[...]
        if bytes.contains(0) { throw refusal("has NUL bytes") }
        while let open = bytes.firstIndex(of: UInt8(ascii: "<")) {
            bytes = bytes[(open + 1)...]
            guard let end = bytes.firstIndex(of: UInt8(ascii: ">")) else { throw refusal("ends inside a tag") }
            switch bytes.first {
            case UInt8(ascii: "!"): throw refusal("has a declaration, which S3 never sends")
            case UInt8(ascii: "?"): try checkDeclaration(bytes[..<end])
            case UInt8(ascii: "/"): depth -= 1
            default:
                if end == bytes.startIndex || bytes[end - 1] != UInt8(ascii: "/") { depth += 1 }
            }
            if depth > maximumDepth { throw refusal("nests deeper than \(maximumDepth) elements") }
            bytes = bytes[(end + 1)...]
        }
        if depth != 0 { throw refusal("ends before its elements do") }
    }

    private static func checkDeclaration(_ bytes: ByteBufferView) throws(ObjectStoreError) {
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        guard let encoding = text.range(of: "encoding") else { return }
        if !text[encoding.upperBound...].contains("utf-8") { throw refusal("is not in UTF-8") }
    }

    private static func refusal(_ what: String) -> ObjectStoreError {
        ObjectStoreError(.malformedResponse, message: "the answer \(what)")
    }
}
