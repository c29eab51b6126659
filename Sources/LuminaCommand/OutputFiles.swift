// SPDX-License-Identifier: Apache-2.0

import Audio
import Engine
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where the pieces of a run go: one file, or numbered ones beside each other.
///
/// What can be known to fail is found out before the work: an unknown ending, a directory that cannot be written.
struct OutputFiles {
    private let paths: [String]
    private let format: AudioFormat
    private let encoding: SampleEncoding

    init(path: String, count: Int, encoding: SampleEncoding) throws {
        format = try AudioFormat(path: path)
        self.encoding = encoding
        try Self.requireWritable(path)
        if count == 1 {
            paths = [path]
        } else {
            let ending = path.lastIndex(of: ".") ?? path.endIndex
            paths = (1...max(count, 1)).map { "\(path[..<ending])-\($0)\(path[ending...])" }
        }
    }

    /// Refuses a path whose directory is missing or cannot be written, or that is a directory itself.
    static func requireWritable(_ path: String) throws {
        var isDirectory = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory {
            throw OutputError(path: path, reason: "is a directory; give a file name")
        }
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory else {
            throw OutputError(path: path, reason: "the directory \(directory) does not exist")
        }
        guard unsafe access(directory, W_OK) == 0 else {
            throw OutputError(path: path, reason: "the directory \(directory) cannot be written")
        }
    }

    /// Writes every piece, each whole or not at all.
    ///
    /// - Returns: the paths written.
    func write(_ result: EngineResult) throws -> [String] {
        for (path, piece) in zip(paths, result.pieces) {
            try AudioFile.write(
                piece.audio,
                to: path,
                format: format,
                encoding: encoding,
                metadata: AudioMetadata(comment: "seed \(piece.seed)", software: "Lumina \(LuminaVersion.current)")
            )
        }
        return paths
    }
}

/// A file that cannot be written.
struct OutputError: Error, CustomStringConvertible {
    let path: String
    let reason: String
    var description: String { "cannot write \(path): \(reason)" }
}
