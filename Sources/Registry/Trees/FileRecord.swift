// SPDX-License-Identifier: Apache-2.0

import ObjectStore

/// A file of a version: where, how large, and which bytes.
public struct FileRecord: Sendable, Hashable, Codable {
    /// The most bytes of a file's path.
    package static let maximumPathByteCount = 512

    /// The path below the version's folder, with `/`.
    public let path: String
    /// The size in bytes.
    public let size: Int
    /// SHA-256 of the bytes, in hexadecimal.
    public let sha256: String

    /// Describes a file.
    public init(path: String, size: Int, sha256: String) {
        self.path = path
        self.size = size
        self.sha256 = sha256
    }

    /// Checks what a stranger wrote.
    ///
    /// - Throws: `RegistryError` of kind `.malformed`.
    func check() throws(RegistryError) {
        if let fault = Self.fault(ofPath: path) {
            throw RegistryError(.malformed, "the file '\(Printable.text(path))' \(fault)")
        }
        if size < 0 { throw RegistryError(.malformed, "the file '\(path)' has a negative size") }
        guard SHA256Text.isValid(sha256) else {
            throw RegistryError(.malformed, "the file '\(path)' has no SHA-256 of 64 hexadecimal digits")
        }
    }

    /// Why a path cannot be a file of a version; nil if it can.
    static func fault(ofPath path: String) -> String? {
        if path.utf8.count > maximumPathByteCount { return "has a path of more than \(maximumPathByteCount) bytes" }
        do {
            _ = try ObjectKey(path)
        } catch {
            return "cannot be stored: \(error.message)"
        }
        for component in path.split(separator: "/", omittingEmptySubsequences: false) {
            if component.isEmpty { return "has an empty component" }
            if component.hasPrefix(".") { return "is hidden" }
            if component.utf8.count > 255 { return "has a component of more than 255 bytes" }
        }
        if path == KeyLayout.flatManifestName || path == KeyLayout.treeManifestName {
            return "has a name that the registry uses itself"
        }
        return nil
    }

    /// Checks a list of files: each by itself, and that no two fall together on any file system.
    ///
    /// - Throws: `RegistryError` of kind `.malformed`.
    static func check(_ files: [FileRecord]) throws(RegistryError) {
        if files.isEmpty { throw RegistryError(.malformed, "the version has no files") }
        if files.count > 10_000 { throw RegistryError(.malformed, "the version has more than 10,000 files") }
        var seen: Set<String> = []
        var folders: Set<String> = []
        for file in files {
            try file.check()
            let path = file.path.lowercased()
            guard seen.insert(path).inserted else {
                throw RegistryError(.malformed, "two files are called '\(file.path)', if case does not count")
            }
            var folder = path
            while let slash = folder.lastIndex(of: "/") {
                folder = String(folder[..<slash])
                folders.insert(folder)
            }
        }
        if let both = seen.first(where: folders.contains) {
            throw RegistryError(.malformed, "'\(both)' is both a file and a folder")
        }
        var total = 0
        for file in files {
            let (sum, overflow) = total.addingReportingOverflow(file.size)
            if overflow { throw RegistryError(.malformed, "the sizes of the files are more than any disk holds") }
            total = sum
        }
    }
}

/// SHA-256 as 64 lower-case hexadecimal digits.
enum SHA256Text {
    static func isValid(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
