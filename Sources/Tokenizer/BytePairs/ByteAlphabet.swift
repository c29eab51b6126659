// SPDX-License-Identifier: Apache-2.0

/// GPT-2's spelling of bytes as visible characters, in which vocabularies are written.
///
/// Printable Latin-1 stands for itself; the other 68 bytes are U+0100 onwards, in order.
enum ByteAlphabet {
    /// The scalar that stands for each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (UInt32(0)..<0x100).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
            default:
                defer { next += 1 }
                return next
            }
        }
    }()

    private static let bytes: [UInt32: UInt8] = Dictionary(
        uniqueKeysWithValues: scalars.enumerated().map { ($0.element, UInt8($0.offset)) }
    )

    /// The spelling of one byte, UTF-8.
    static func spelling(of byte: UInt8) -> [UInt8] {
        var utf8: [UInt8] = []
        UTF8Scalar.append(scalars[Int(byte)], to: &utf8)
        return utf8
    }

    /// The bytes that a token stands for; a token with a character outside the alphabet stands for its own text.
    static func bytes(spelledBy token: [UInt8]) -> [UInt8] {
        var spelled: [UInt8] = []
        var position = 0
        while position < token.count {
            let (scalar, width) = UTF8Scalar.decode(token, at: position)
            guard let byte = bytes[scalar] else { return token }
            spelled.append(byte)
            position += width
        }
        return spelled
    }
}
