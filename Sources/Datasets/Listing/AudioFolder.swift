// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Finds sound files.
public enum AudioFolder {
    /// What can be read.
    private static let readable = ["wav", "flac", "mp3", "ogg", "opus"]
    /// What is sound too: found, so that whoever reads it can say that it does not.
    private static let sound: Set<String> = Set(readable).union([
        "wave", "oga", "aif", "aiff", "aifc", "au", "caf", "m4a", "m4b", "mp4", "aac", "alac", "wma", "ape", "wv",
        "mpc", "tta",
        "mka", "webm", "amr", "dsf", "dff",
    ])

    /// The extensions to name in messages.
    static let readableExtensions = readable.map { "." + $0 }.joined(separator: ", ")

    /// Whether a file has a share in a folder of songs: sound, a text beside it, or a list.
    ///
    /// - Parameter path: the file's path or name.
    /// - Returns: whether its extension is one of those; of Parquet files the one that says that the folder cannot be read.
    public static func belongs(_ path: String) -> Bool {
        let file = SongPath(path)
        return sound.contains(file.fileExtension) || ["txt", "json", "jsonl", "csv"].contains(file.fileExtension)
            || file.name == "metadata.parquet"
    }

    /// All sound files in a folder and below, sorted by path.
    ///
    /// Hidden files and folders are passed over, and so are links to folders, which could lead in a circle.
    /// - Throws: ``DatasetError/unusable(path:reason:)`` if a folder cannot be read.
    public static func soundFiles(in folder: String) throws -> [String] {
        var found: [String] = []
        var folders = [folder == "/" ? "" : folder.hasSuffix("/") ? String(folder.dropLast()) : folder]
        while let current = folders.popLast() {
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: current.isEmpty ? "/" : current)
            } catch {
                throw DatasetError.unusable(
                    path: current,
                    reason: "it cannot be read as a folder: \(error.localizedDescription)"
                )
            }
            for name in names where !name.hasPrefix(".") {
                let path = current + "/" + name
                var isDirectory: Bool = false
                guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { continue }
                if isDirectory {
                    if !isLink(path) { folders.append(path) }
                } else if sound.contains(SongPath(name).fileExtension) {
                    found.append(path)
                }
            }
        }
        return found.sorted(by: precedes)
    }

    private static func isLink(_ path: String) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil  // an error says that it is none
    }

    /// Python's order of paths: folder by folder, by code points.
    static func precedes(_ first: String, _ second: String) -> Bool {
        let (a, b) = (first.split(separator: "/"), second.split(separator: "/"))
        for (x, y) in zip(a, b) where x != y { return x.utf8.lexicographicallyPrecedes(y.utf8) }
        return a.count < b.count
    }

    /// The list of songs that Hugging Face's audiofolder keeps in a folder; nil if there is none.
    ///
    /// - Throws: ``DatasetError/parquet(path:)`` if it is in that format alone.
    static func metadataFile(in folder: String) throws -> String? {
        for name in ["metadata.jsonl", "metadata.csv"] {
            let path = folder + "/" + name
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        let parquet = folder + "/metadata.parquet"
        if FileManager.default.fileExists(atPath: parquet) { throw DatasetError.parquet(path: parquet) }
        return nil
    }

    /// A name for each of some sound files, all different: the path below `folder` with `__` between folders, no extension.
    ///
    /// Files that differ only by their extension keep it.
    ///
    /// - Parameters:
    ///   - paths: the files.
    ///   - folder: where the names begin; nil takes the deepest folder that holds all.
    /// - Returns: the names, in the order of `paths`.
    public static func names(of paths: [String], below folder: String?) -> [String] {
        let parts = paths.map { $0.split(separator: "/").map(String.init) }
        var common = folder.map { $0.split(separator: "/").map(String.init) } ?? Array((parts.first ?? []).dropLast())
        for path in parts {
            common = Array(zip(common, path.dropLast()).prefix { $0 == $1 }.map(\.0))
        }
        let long = parts.map { $0.dropFirst(common.count).joined(separator: "__") }
        let short = long.map { SongPath($0).stem }
        let count = Dictionary(short.map { ($0, 1) }, uniquingKeysWith: +)
        var taken: Set<String> = []
        return zip(short, long).map { short, long in
            var name = count[short] == 1 ? short : long
            while !taken.insert(name).inserted { name += "_" }
            return name
        }
    }
}
