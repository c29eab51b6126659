// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Crypto
import Registry

/// `lumina registry keygen`: a pair of keys to sign versions with.
struct MakeKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make an Ed25519 key to sign versions with, and the public key that others trust.",
        discussion: "FILE is for 'push --sign-key' and stays secret; FILE.pub is for '--trusted-keys'."
    )

    @Argument(help: "The file for the private key; the public one goes beside it, with .pub.")
    var file: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let key = Curve25519.Signing.PrivateKey()
        try KeyFile.create(SigningKeys.pem(key), at: file, isSecret: true)
        try KeyFile.create(SigningKeys.pem(key.publicKey), at: file + ".pub", isSecret: false)
        let signer = SigningKeys.identity(key.publicKey)
        if json { return try JSONOutput.print(["private": file, "public": file + ".pub", "signer": signer]) }
        print("\(file) is the private key, \(file).pub the public one; versions will say: signed by \(signer)")
    }
}
