// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// What tells a file from another one that was put in its place.
package struct FileFingerprint: Sendable, Equatable {
    private let byteCount: UInt64
    private let modified: Date
    private let number: UInt64

    /// Nil if there is no file: whoever opens it next says so.
    package init?(path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let byteCount = attributes[.size] as? UInt64, let modified = attributes[.modificationDate] as? Date,
            let number = attributes[.systemFileNumber] as? UInt64
        else { return nil }
        self.byteCount = byteCount
        self.modified = modified
        self.number = number
    }

    /// The same for the same file, unchanged.
    package var text: String { "\(byteCount) \(number) \(modified.timeIntervalSinceReferenceDate.bitPattern)" }
}
