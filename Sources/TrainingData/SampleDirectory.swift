// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation

/// A directory of songs' tensors, as `lumina preprocess`, Side-Step and ACE-Step leave it.
///
/// Without a `manifest.json` its files in the order of their names' bytes, which no file system changes; with one, exactly the
/// files that it lists, in its order, wherever they lie.
public struct SampleDirectory: Sendable {
    /// The directory.
    public let path: String
    /// The files, each once.
    public let files: [String]
    /// What should be known, such as listed files that are missing.
    public let warnings: [String]
    /// How the tensors were made; nil where no file says so.
    public let record: PreprocessingRecord?

    /// Lists a directory; no file of tensors is opened.
    ///
    /// - Parameter path: the directory.
    /// - Throws: ``TrainingDataError/noSamples(path:reason:)`` if it has nothing to learn from, or is none.
    public init(path: String) throws(TrainingDataError) {
        var path = path
        while path.utf8.count > 1 && path.hasSuffix("/") { path.removeLast() }
        var warnings: [String] = []
        let listed = Self.manifest(in: path, warnings: &warnings)
        self.path = path
        files = if let listed { listed } else { try Self.scan(path, warnings: &warnings) }
        self.warnings = warnings
        record = PreprocessingRecord(directory: path)
        guard !files.isEmpty else { throw Self.nothing(path) }
    }

    private static func nothing(_ path: String) -> TrainingDataError {
        let sound = (try? AudioFolder.soundFiles(in: path)) ?? []  // looked for only to give better advice
        return .noSamples(
            path: path,
            reason: sound.isEmpty
                ? "it has no .safetensors or .pt file; make them with `lumina preprocess`"
                : "it has sound files, which become tensors by `lumina preprocess --audio-dir \(path)`"
        )
    }

    // MARK: Files

    private static func scan(_ path: String, warnings: inout [String]) throws(TrainingDataError) -> [String] {
        let entries: [String]
        do {
            entries = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .noSamples(path: path, reason: "it cannot be read as a directory: \(error.localizedDescription)")
        }
        let sorted = entries.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let visible = sorted.filter { !$0.hasPrefix(".") && TrainingSample.Format(path: $0) != nil }
        let whole = visible.filter { !isUnfinished($0) }
        if whole.count < visible.count {
            warnings.append("\(path) has \(visible.count - whole.count) unfinished .tmp.pt files, which are left out")
        }
        return withoutTwins(whole, in: path, warnings: &warnings).map { path + "/" + $0 }
    }

    /// Of a song in both formats the safetensors file counts.
    private static func withoutTwins(_ names: [String], in path: String, warnings: inout [String]) -> [String] {
        let ours = Set(names.filter { TrainingSample.Format(path: $0) == .safetensors }.map(stem))
        let kept = names.filter { TrainingSample.Format(path: $0) == .safetensors || !ours.contains(stem($0)) }
        if kept.count < names.count {
            warnings.append(
                "\(path) has \(names.count - kept.count) songs in both formats, of which the .safetensors files are taken"
            )
        }
        return kept
    }

    private static func stem(_ name: String) -> String { SongPath(name).stem }

    private static func isUnfinished(_ name: String) -> Bool { name.hasSuffix(".tmp.pt") }

    // MARK: The manifest

    /// The files that a manifest lists and that exist; nil where there is none, or none that can be read.
    private static func manifest(in path: String, warnings: inout [String]) -> [String]? {
        let file = path + "/manifest.json"
        guard let data = FileManager.default.contents(atPath: file) else { return nil }
        let entries: [String]
        do throws(ManifestProblem) {
            entries = try Self.entries(of: data)
        } catch {
            warnings.append(
                "\(file) is not used, every file of the directory is: \(error.reason) (in JSON a backslash is written \\\\)"
            )
            return nil
        }
        var seen: Set<String> = []
        var files: [String] = []
        for entry in entries {
            let resolved = resolve(entry, in: path)
            if isUnfinished(resolved) {
                warnings.append("\(file) lists the unfinished file \(entry), which is left out")
            } else if !FileManager.default.fileExists(atPath: resolved) {
                warnings.append("\(file) lists \(entry), which does not exist and is left out")
            } else if seen.insert(resolved).inserted {
                files.append(resolved)
            }
        }
        return files
    }

    private struct ManifestProblem: Error {
        let reason: String
    }

    private static func entries(of data: Data) throws(ManifestProblem) -> [String] {
        // The reason for which it is no JSON helps nobody.
        guard let root = try? JSONValue(data) else { throw ManifestProblem(reason: "it is not valid JSON") }
        guard case .object(let members) = root else {
            throw ManifestProblem(reason: "it is \(root.kind), expected an object")
        }
        guard case .list(let values)? = members["samples"] else {
            throw ManifestProblem(reason: "its 'samples' is no list")
        }
        guard !values.isEmpty else { throw ManifestProblem(reason: "its 'samples' is empty") }
        var entries: [String] = []
        for value in values {
            guard case .text(let text) = value else { throw ManifestProblem(reason: "a sample is \(value.kind)") }
            entries.append(text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return entries
    }

    /// Where an entry lies: Windows paths are kept as they are, backslashes of relative ones separate folders.
    private static func resolve(_ entry: String, in folder: String) -> String {
        let text = entry.hasPrefix(".") && startsWithDrive(entry.dropFirst()) ? String(entry.dropFirst()) : entry
        if text.hasPrefix("/") || text.hasPrefix("\\\\") || startsWithDrive(text[...]) { return text }
        return folder + "/" + text.map { $0 == "\\" ? "/" : String($0) }.joined()
    }

    private static func startsWithDrive(_ text: Substring) -> Bool {
        let start = text.utf8.prefix(2)
        guard start.count == 2, let letter = start.first, start.last == UInt8(ascii: ":") else { return false }
        return (65...90).contains(letter) || (97...122).contains(letter)
    }
}
