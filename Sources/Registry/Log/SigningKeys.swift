// SPDX-License-Identifier: Apache-2.0

public import Crypto
import Foundation
import ObjectStore

/// Keys as users have them: PEM of `openssl genpkey -algorithm ed25519`, or base64 of the 32 bytes.
public enum SigningKeys {
    private static let privatePrefix = Hexadecimal.decode("302e020100300506032b657004220420") ?? []
    private static let publicPrefix = Hexadecimal.decode("302a300506032b6570032100") ?? []

    /// Reads a private key.
    ///
    /// - Throws: `RegistryError` of kind `.signature` that never quotes the text.
    public static func privateKey(_ text: String) throws(RegistryError) -> Curve25519.Signing.PrivateKey {
        guard let raw = raw(text, label: "PRIVATE KEY", prefix: privatePrefix),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: raw)
        else {
            throw RegistryError(
                .signature,
                "this is no Ed25519 private key; make one with: lumina registry keygen key.pem"
            )
        }
        return key
    }

    /// Reads a public key.
    ///
    /// - Throws: `RegistryError` of kind `.signature`.
    public static func publicKey(_ text: String) throws(RegistryError) -> Curve25519.Signing.PublicKey {
        guard let raw = raw(text, label: "PUBLIC KEY", prefix: publicPrefix),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw)
        else {
            throw RegistryError(
                .signature,
                "this is no Ed25519 public key; get it with: openssl pkey -in key.pem -pubout"
            )
        }
        return key
    }

    /// Reads a file of public keys: PEM blocks, or the base64 of 32 bytes a line; lines with `#` are comments.
    ///
    /// - Parameters:
    ///   - text: The file.
    ///   - place: What it is, for the error.
    /// - Returns: The keys, at least one.
    /// - Throws: `RegistryError` of kind `.signature`.
    public static func publicKeys(
        _ text: String,
        from place: String
    ) throws(RegistryError) -> [Curve25519.Signing.PublicKey] {
        var keys: [Curve25519.Signing.PublicKey] = []
        var block: [String]?
        for line in lines(text) where !line.isEmpty && !line.hasPrefix("#") {
            if line.hasPrefix("-----BEGIN ") {
                block = [line]
            } else if let started = block {
                block = started + [line]
                if line.hasPrefix("-----END ") {
                    keys.append(try publicKey((started + [line]).joined(separator: "\n")))
                    block = nil
                }
            } else {
                keys.append(try publicKey(line))
            }
        }
        if block == nil && !keys.isEmpty { return keys }
        throw RegistryError(
            .signature,
            "'\(place)' holds no Ed25519 public key; a key pair comes from: lumina registry keygen key.pem"
        )
    }

    /// What a log calls a key: its 32 bytes in hexadecimal.
    public static func identity(_ key: Curve25519.Signing.PublicKey) -> String {
        Hexadecimal.encode(key.rawRepresentation)
    }

    /// A private key as a file of `openssl`'s form.
    public static func pem(_ key: Curve25519.Signing.PrivateKey) -> String {
        pem(privatePrefix + key.rawRepresentation, label: "PRIVATE KEY")
    }

    /// A public key as a file of `openssl`'s form.
    public static func pem(_ key: Curve25519.Signing.PublicKey) -> String {
        pem(publicPrefix + key.rawRepresentation, label: "PUBLIC KEY")
    }

    private static func pem(_ bytes: [UInt8], label: String) -> String {
        "-----BEGIN \(label)-----\n\(Data(bytes).base64EncodedString())\n-----END \(label)-----\n"
    }

    private static func lines(_ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func raw(_ text: String, label: String, prefix: [UInt8]) -> [UInt8]? {
        let lines = lines(text)
        if lines.contains("-----BEGIN \(label)-----") {
            let body = lines.filter { !$0.hasPrefix("-----") }.joined()
            guard let bytes = Data(base64Encoded: body), bytes.count == prefix.count + 32, bytes.starts(with: prefix)
            else { return nil }
            return [UInt8](bytes.suffix(32))
        }
        guard lines.count == 1, let bytes = Data(base64Encoded: lines[0]), bytes.count == 32 else { return nil }
        return [UInt8](bytes)
    }
}
