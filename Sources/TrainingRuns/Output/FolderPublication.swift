// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Folders that come into being whole or not at all.
///
/// Files are written under another name, made durable, and the folder is renamed: who reads finds the old one or the new
/// one, and a run that is killed leaves nothing but a folder that the next one removes.
package enum FolderPublication {
    private static let unfinishedEnding = ".unfinished"
    private static let replacedEnding = ".replaced"

    /// Writes a folder.
    ///
    /// - Parameters:
    ///   - path: the folder; one that is there is replaced.
    ///   - body: writes the files into the folder that it is given.
    /// - Throws: `TrainingRunsError.unwritable`, and what `body` throws; then what was there before still is.
    package static func publish(_ path: String, _ body: (String) throws -> Void) throws {
        let unfinished = path + unfinishedEnding
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        try remove(unfinished)
        do {
            try FileManager.default.createDirectory(atPath: unfinished, withIntermediateDirectories: true)
        } catch {
            throw TrainingRunsError.unwritable(path: unfinished, reason: error.localizedDescription)
        }
        do {
            try body(unfinished)
            try synchronize(folder: unfinished)
            try move(unfinished, to: path)
            try synchronize(parent.isEmpty ? "." : parent)
        } catch {
            // The first error counts; what is left is removed by the next run.
            try? remove(unfinished)
            throw error
        }
    }

    /// Finishes or undoes what a killed run left in a folder of results.
    ///
    /// - Parameter parent: the folder that holds the published ones.
    /// - Throws: `TrainingRunsError.unwritable`.
    package static func recover(in parent: String) throws(TrainingRunsError) {
        // A folder that does not exist needs nothing.
        let files = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        for file in files {
            let path = "\(parent)/\(file)"
            if file.hasSuffix(replacedEnding) {
                // Killed between the two renames: the old one is the only whole one.
                let original = String(path.dropLast(replacedEnding.count))
                if !FileManager.default.fileExists(atPath: original) {
                    try rename(path, original)
                } else {
                    try remove(path)
                }
            } else if file.hasSuffix(unfinishedEnding) {
                try remove(path)
            }
        }
    }

    /// Removes a folder with all its files, if it is there.
    static func remove(_ path: String) throws(TrainingRunsError) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw .unwritable(path: path, reason: error.localizedDescription)
        }
    }

    private static func move(_ source: String, to path: String) throws(TrainingRunsError) {
        guard FileManager.default.fileExists(atPath: path) else { return try rename(source, path) }
        // Folders cannot be renamed onto others; the old one steps aside for an instant.
        let replaced = path + replacedEnding
        try remove(replaced)
        try rename(path, replaced)
        do {
            try rename(source, path)
        } catch {
            try rename(replaced, path)
            throw error
        }
        try remove(replaced)
    }

    private static func rename(_ source: String, _ path: String) throws(TrainingRunsError) {
        #if canImport(Glibc)
        let status = unsafe Glibc.rename(source, path)
        #else
        let status = unsafe Darwin.rename(source, path)
        #endif
        guard status == 0 else {
            throw .unwritable(path: path, reason: "renaming \(source): \(systemReason())")
        }
    }

    private static func synchronize(folder: String) throws(TrainingRunsError) {
        let files: [String]
        do {
            files = try FileManager.default.subpathsOfDirectory(atPath: folder)
        } catch {
            throw .unwritable(path: folder, reason: error.localizedDescription)
        }
        for file in files { try synchronize("\(folder)/\(file)") }
        try synchronize(folder)
    }

    /// Waits until a file's bytes, or a folder's names, are on the disk.
    private static func synchronize(_ path: String) throws(TrainingRunsError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unwritable(path: path, reason: systemReason()) }
        defer { close(descriptor) }
        // Some network file systems cannot synchronise a folder; its files are safe there.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .unwritable(path: path, reason: systemReason()) }
    }

    private static func systemReason() -> String { unsafe String(cString: strerror(errno)) }
}
