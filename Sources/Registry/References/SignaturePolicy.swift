// SPDX-License-Identifier: Apache-2.0

public import Crypto
import ObjectStore

/// Which signatures a reader asks for.
public enum SignaturePolicy: Sendable {
    /// None; those that are there must be right all the same.
    case optional
    /// What a version is, and what an alias names, must be signed by one of these keys.
    case required(keys: [Curve25519.Signing.PublicKey])

    /// Checks the entries that a resolution rests on.
    ///
    /// - Throws: `RegistryError` of kind `.signature`.
    func check(_ version: VersionRecord, _ selector: Selector, in history: LogHistory) throws(RegistryError) {
        try check(entry: version.sequence, in: history)
        guard case .alias(let alias) = selector else { return }
        if alias == .latest {
            // Which version is the latest follows from all publications and retirements.
            for item in history.items where item.entry.operation != .alias && item.entry.operation != .note {
                try check(entry: item.entry.sequence, in: history)
            }
        } else if let sequence = history.state.aliasEntries[alias.text] {
            try check(entry: sequence, in: history)
        }
    }

    /// Checks one entry.
    ///
    /// - Throws: `RegistryError` of kind `.signature`.
    func check(entry sequence: Int, in history: LogHistory) throws(RegistryError) {
        guard case .required(let keys) = self, history.items.indices.contains(sequence - 1) else { return }
        let item = history.items[sequence - 1]
        let place = "entry \(sequence) of '\(history.name)' (\(item.entry.operation.rawValue))"
        guard let signer = item.signer else {
            throw RegistryError(.signature, "\(place) is not signed; publish with --sign-key")
        }
        guard keys.contains(where: { Hexadecimal.encode($0.rawRepresentation) == signer }) else {
            throw RegistryError(
                .signature,
                "\(place) is signed by the unknown key \(signer.prefix(16))…; add it with --trusted-key"
            )
        }
    }
}
