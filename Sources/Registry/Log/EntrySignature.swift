// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import ObjectStore

/// An Ed25519 signature at the end of an entry's bytes.
///
/// The entry is one JSON object; its last member is the signature, of fixed length, over the bytes of the object without
/// it. So exactly what is stored is what was signed, and readers without keys see plain JSON.
struct EntrySignature: Sendable, Hashable {
    private static let head = Array(",\"signature\":{\"key\":\"".utf8)
    private static let middle = Array("\",\"value\":\"".utf8)
    private static let tail = Array("\"}}".utf8)
    private static let keyLength = 64
    private static let valueLength = 88

    /// The public key, 32 bytes.
    let key: [UInt8]
    /// The signature, 64 bytes.
    let value: [UInt8]

    /// Signs an object's bytes.
    ///
    /// - Parameters:
    ///   - bytes: A JSON object with at least one member.
    ///   - key: Whose signature.
    /// - Returns: The object with the signature in it.
    /// - Throws: What the signing throws, which is nothing for a valid key.
    static func sign(_ bytes: [UInt8], with key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        let value = try key.signature(for: bytes)
        var signed = bytes.dropLast() + head
        signed += Array(Hexadecimal.encode(key.publicKey.rawRepresentation).utf8)
        signed += middle + Array(value.base64EncodedString().utf8) + tail
        return Array(signed)
    }

    /// Splits stored bytes into what was signed and the signature.
    ///
    /// - Returns: The whole bytes and nil when there is no signature.
    static func split(_ bytes: [UInt8]) -> (signed: [UInt8], signature: EntrySignature?) {
        let length = head.count + keyLength + middle.count + valueLength + tail.count
        guard bytes.count > length, bytes.suffix(tail.count).elementsEqual(tail) else { return (bytes, nil) }
        var rest = bytes.suffix(length)
        guard rest.starts(with: head) else { return (bytes, nil) }
        rest = rest.dropFirst(head.count)
        let key = Hexadecimal.decode(String(decoding: rest.prefix(keyLength), as: UTF8.self))
        rest = rest.dropFirst(keyLength)
        guard rest.starts(with: middle), let key, key.count == 32 else { return (bytes, nil) }
        let text = String(decoding: rest.dropFirst(middle.count).prefix(valueLength), as: UTF8.self)
        guard let value = Data(base64Encoded: text), value.count == 64 else { return (bytes, nil) }
        let signed = bytes.dropLast(length) + [UInt8(ascii: "}")]
        return (Array(signed), EntrySignature(key: key, value: [UInt8](value)))
    }

    /// Whether the signature is the key's over these bytes.
    func isValid(for signed: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key) else { return false }
        return key.isValidSignature(value, for: signed)
    }
}
