// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// What tells a file from another one that was put in its place.
package struct FileFingerprint: Sendable, Equatable {
    private let byteCount: UInt64
    private let modified: Date

    /// Nil if there is no file: whoever opens it next says so.
    package init?(path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let byteCount = attributes[.size] as? UInt64, let modified = attributes[.modificationDate] as? Date
        else { return nil }
        self.byteCount = byteCount
        self.modified = modified
    }
}
