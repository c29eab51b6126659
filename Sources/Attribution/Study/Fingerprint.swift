// SPDX-License-Identifier: Apache-2.0

import Crypto

/// What something was made from, in few letters: equal ingredients have equal fingerprints.
package enum Fingerprint {
    /// The fingerprint of some texts.
    ///
    /// - Parameter ingredients: in an order that means something.
    /// - Returns: 32 hexadecimal digits.
    package static func of(_ ingredients: [String]) -> String {
        var hash = SHA256()
        for text in ingredients {
            // With their lengths, so that no two lists make the same bytes.
            hash.update(data: Array("\(text.utf8.count):\(text)\n".utf8))
        }
        return hash.finalize().prefix(16).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
