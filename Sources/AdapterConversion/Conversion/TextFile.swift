// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// Small text files, each whole or not at all.
enum TextFile {
    /// Writes a file, replacing one that is there.
    ///
    /// - Throws: ``ConversionError/output(path:reason:)``.
    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ConversionError.output(path: path, reason: "\(error)")
        }
    }
}
