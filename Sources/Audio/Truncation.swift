// SPDX-License-Identifier: Apache-2.0

/// Finds files that were cut off, which libsndfile plays to where they end.
enum Truncation {
    /// A file with more chunks before its samples is left to libsndfile.
    private static let maximumChunkCount = 4096

    /// What is missing at the end of a WAV or Ogg file; nil if nothing is, or in another format, which counts its frames.
    ///
    /// - Throws: ``AudioError/cannotRead(path:code:)``.
    static func reason(_ source: any ByteSource) throws(AudioError) -> String? {
        let start = try source.bytes(at: 0, count: 12)
        if start.starts(with: "OggS".utf8) { return try ogg(source) }
        if start.count == 12, start[..<4].elementsEqual("RIFF".utf8), start[8...].elementsEqual("WAVE".utf8) {
            return try wav(source)
        }
        return nil
    }

    /// A chunk of samples longer than the file.
    ///
    /// A program that writes to a pipe cannot know the length and leaves the largest number there, which is no damage.
    private static func wav(_ source: any ByteSource) throws(AudioError) -> String? {
        var offset = 12
        for _ in 0..<maximumChunkCount where offset + 8 <= source.count {
            let header = try source.bytes(at: offset, count: 8)
            let byteCount = header.littleEndian(4, 4)
            if header[..<4].elementsEqual("data".utf8) {
                let rest = source.count - offset - 8
                return byteCount > rest && byteCount < 0xFFFF_FF00
                    ? "its samples should fill \(byteCount) bytes, and \(rest) are there" : nil
            }
            offset += 8 + byteCount + byteCount % 2
        }
        return nil
    }

    /// The last page must be whole; it begins in the last 65,307 bytes, the most that a page can have.
    private static func ogg(_ source: any ByteSource) throws(AudioError) -> String? {
        let start = max(0, source.count - 65_307)
        let tail = try source.bytes(at: start, count: source.count - start)
        let capture = Array("OggS".utf8)
        var position = tail.count - capture.count
        while position >= 0 {
            if tail[position] == capture[0], tail[position..<position + 4].elementsEqual(capture) {
                let table = position + 27
                guard table <= tail.count, table + Int(tail[table - 1]) <= tail.count else {
                    return "its last page is cut off"
                }
                let segments = tail[table..<table + Int(tail[table - 1])]
                let end = table + segments.count + segments.reduce(0) { $0 + Int($1) }
                return end > tail.count ? "its last page misses \(end - tail.count) bytes" : nil
            }
            position -= 1
        }
        return "it has no page at its end"
    }
}
