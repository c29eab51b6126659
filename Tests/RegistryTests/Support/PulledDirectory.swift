// SPDX-License-Identifier: Apache-2.0

import Foundation
import Registry
import Testing

/// A directory that a pull has filled, or was about to.
enum PulledDirectory {
    /// Checks that all files are those of one version.
    ///
    /// - Returns: The version.
    /// - Throws: `Violation` when a file is missing, another one, or one too many.
    @discardableResult
    static func version(_ path: String) throws -> Int {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/adapter_manifest.json")))
        let manifest = try FlatManifest(bytes, from: "manifest")
        if manifest.state != .complete { throw Violation("'\(path)' says that it is not complete") }
        let digests = DirectoryDigest.sha256(path)
        for file in manifest.files where digests[file.path] != file.sha256 {
            throw Violation("'\(file.path)' is not that of version \(manifest.version)")
        }
        if digests.count != manifest.files.count + 1 { throw Violation("'\(path)' holds \(digests.keys.sorted())") }
        return manifest.version
    }

    /// Checks a directory unless there is none.
    ///
    /// - Throws: As `version`.
    static func checkWholeIfThere(_ path: String) throws {
        if FileManager.default.fileExists(atPath: path) { try version(path) }
    }
}
