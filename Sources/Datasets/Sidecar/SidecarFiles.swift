// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Finds and writes the text files beside a song.
///
/// `STEM.txt` with a caption counts first; then `STEM.caption.txt` with an optional `STEM.lyrics.txt`; then `STEM.txt`
/// without a caption, whose other keys count, and which is lyrics as a whole if it has no key at all.
public enum SidecarFiles {
    /// A larger file is no sidecar.
    static let largest = 4 << 20

    /// What the files beside a song say; nil if there are none.
    ///
    /// - Parameter audioPath: the song.
    /// - Returns: what the file that counts says.
    /// - Throws: ``DatasetError/unusable(path:reason:)`` if one is there and cannot be read.
    public static func read(for audioPath: String) throws -> Sidecar? {
        let base = SongPath(audioPath).withoutExtension
        let text = try text(base + ".txt")
        let sidecar = text.map(Sidecar.init(text:))
        if let sidecar, sidecar[.caption] != nil { return sidecar }
        if let caption = try self.text(base + ".caption.txt")?.trimmingCharacters(in: .whitespacesAndNewlines),
            !caption.isEmpty
        {
            var parts = sidecar ?? Sidecar()
            parts[.caption] = caption
            let lyrics = try self.text(base + ".lyrics.txt")?.trimmingCharacters(in: .whitespacesAndNewlines)
            parts[.lyrics] = lyrics ?? parts[.lyrics]
            return parts
        }
        guard let text, let sidecar else { return nil }
        guard !Sidecar.hasKeys(text) else { return sidecar }
        var lyrics = Sidecar()
        lyrics[.lyrics] = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return lyrics
    }

    /// The text of a file: UTF-8, a byte order mark left out, what is no UTF-8 replaced; nil if there is no such file.
    private static func text(_ path: String) throws -> String? {
        var isDirectory: Bool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DatasetError.unusable(path: path, reason: "it cannot be read; check its permissions")
        }
        guard data.count <= largest else {
            throw DatasetError.unusable(path: path, reason: "it has \(data.count) bytes, too many for a sidecar")
        }
        let text = String(decoding: data, as: UTF8.self)
        return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    }

    /// Writes `STEM.txt` beside a song as a whole; the file that was there becomes `STEM.txt.bak`.
    ///
    /// - Parameters:
    ///   - sidecar: what to say.
    ///   - audioPath: the song.
    /// - Throws: ``DatasetError/unusable(path:reason:)``.
    public static func write(_ sidecar: Sidecar, for audioPath: String) throws {
        let path = SongPath(audioPath).withoutExtension + ".txt"
        let files = FileManager.default
        do {
            if let old = files.contents(atPath: path) {
                try old.write(to: URL(fileURLWithPath: path + ".bak"), options: .atomic)
            }
            try Data(sidecar.text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw DatasetError.unusable(path: path, reason: "it cannot be written: \(error.localizedDescription)")
        }
    }
}
