// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// Reads the small text files that lie beside an adapter's weights.
enum SmallFile {
    /// A configuration with patterns for every module of the largest base is 60 kB.
    static let maximumByteCount = 4 << 20

    /// The bytes of a regular file.
    ///
    /// - Throws: `AdapterFormatError.limitExceeded` if it is larger than any real one; `CheckpointError` if it cannot be
    ///   read.
    static func read(_ path: String) throws -> [UInt8] {
        let file = try MappedFile(path: path)
        guard file.byteCount <= maximumByteCount else {
            throw AdapterFormatError.limitExceeded(
                source: path,
                reason: "\(file.byteCount) bytes, more than the \(maximumByteCount) that are read"
            )
        }
        return file.copy(0..<file.byteCount)
    }

    /// The JSON object in a file.
    static func readObject(_ path: String) throws -> JSONObject {
        try JSONParser.parseObject(read(path), source: path)
    }
}
