// SPDX-License-Identifier: Apache-2.0

package import AdapterFormats
import Checkpoints

/// Small JSON files of a run.
package enum JSONFile {
    /// No settings are larger.
    package static let maximumByteCount = 1 << 20

    /// The object in a file.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - maximumByteCount: larger files are refused.
    /// - Returns: the object.
    /// - Throws: `TrainingRunsError.unreadable`.
    package static func read(
        _ path: String,
        maximumByteCount: Int = Self.maximumByteCount
    ) throws(TrainingRunsError) -> JSONObject {
        do {
            let file = try MappedFile(path: path)
            guard file.byteCount <= maximumByteCount else {
                throw TrainingRunsError.unreadable(
                    path: path,
                    reason: "it has \(file.byteCount) bytes, more than the \(maximumByteCount) that are read"
                )
            }
            return try JSONParser.parseObject(file.copy(0..<file.byteCount), source: path)
        } catch let error as TrainingRunsError {
            throw error
        } catch {
            throw .unreadable(path: path, reason: "\(error)")
        }
    }

    /// Writes a file whole or not at all.
    ///
    /// - Parameters:
    ///   - bytes: its content.
    ///   - path: the file.
    /// - Throws: `TrainingRunsError.unwritable`.
    package static func write(_ bytes: [UInt8], to path: String) throws(TrainingRunsError) {
        do {
            var file = try AtomicFile(path: path)
            // The span lives as long as the array, which the call holds.
            try unsafe file.write(bytes.span.bytes)
            try file.commit()
        } catch {
            throw .unwritable(path: path, reason: error.reason)
        }
    }
}
