// SPDX-License-Identifier: Apache-2.0

import Crypto
import ObjectStore

/// The files of a version and where they lie.
public struct TreeRecord: Sendable, Hashable, Codable {
    /// The folder.
    public let id: TreeID
    /// SHA-256 over the list of files, in hexadecimal: names these very bytes.
    public let digest: String
    /// SHA-256 over what the files mean, in hexadecimal.
    ///
    /// Spaces that pad a header do not count, so that pushing the same adapter again is recognised.
    public let content: String
    /// The files, ordered by path.
    public let files: [FileRecord]

    /// Describes a tree.
    public init(id: TreeID, digest: String, content: String, files: [FileRecord]) {
        self.id = id
        self.digest = digest
        self.content = content
        self.files = files
    }

    /// The bytes of all files.
    public var byteCount: Int { files.reduce(0) { $0 + $1.size } }

    /// The digest of a list of files: lines of hash, size and path, ordered by path.
    static func digest(of files: [FileRecord]) -> String {
        var hasher = SHA256()
        for file in files.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
            hasher.update(data: Array("\(file.sha256) \(file.size) \(file.path)\n".utf8))
        }
        return Hexadecimal.encode(hasher.finalize())
    }

    /// Checks what a stranger wrote.
    ///
    /// - Throws: `RegistryError` of kind `.malformed`.
    func check() throws(RegistryError) {
        try FileRecord.check(files)
        guard SHA256Text.isValid(digest), SHA256Text.isValid(content) else {
            throw RegistryError(.malformed, "the tree's digest is not 64 hexadecimal digits")
        }
        if Self.digest(of: files) != digest {
            throw RegistryError(.malformed, "the tree's digest is not that of its list of files")
        }
    }
}
