// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// Hashes of local files.
enum DirectoryDigest {
    /// SHA-256 of every file below a directory, by its path in it.
    static func sha256(_ directory: String) -> [String: String] {
        var found: [String: String] = [:]
        for path in FileManager.default.enumerator(atPath: directory)?.compactMap({ $0 as? String }) ?? [] {
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: directory + "/" + path, isDirectory: &isDirectory),
                !isDirectory,
                let data = FileManager.default.contents(atPath: directory + "/" + path)
            else { continue }
            found[path] = SHA256.hash(data: data).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        return found
    }
}
