// SPDX-License-Identifier: Apache-2.0

/// Percent encoding as SigV4 wants it: every byte but `A-Za-z0-9-._~`, upper-case digits, nothing normalised.
package enum PercentEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Encodes a path; `/` stays.
    package static func path(_ text: String) -> String { encode(text, keepingSlash: true) }

    /// Encodes a name or a value of a query; `/` is encoded too.
    package static func component(_ text: String) -> String { encode(text, keepingSlash: false) }

    private static func encode(_ text: String, keepingSlash: Bool) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            if isUnreserved(byte) || (keepingSlash && byte == UInt8(ascii: "/")) {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Decodes `%XX`, and `+` as a space: how S3 writes keys in listings with `encoding-type=url`.
    ///
    /// - Returns: nil when a `%` is not followed by two digits or the bytes are not UTF-8.
    package static func decode(_ text: String) -> String? {
        var decoded: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard bytes.count >= 2, let pair = Hexadecimal.decode(String(decoding: bytes.prefix(2), as: UTF8.self))
                else { return nil }
                decoded += pair
                bytes.removeFirst(2)
            } else {
                decoded.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }
}
