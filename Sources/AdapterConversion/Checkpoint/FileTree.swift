// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import FoundationEssentials

/// Directories that are taken over file by file.
enum FileTree {
    /// Files below this size are copied: an edit of a linked `config.json` would change the base's, too.
    private static let linkedSize = 1 << 20
    private static let maximumDepth = 8

    /// Every regular file of a tree, hidden ones left out, by its path in it; of a file its own, which is empty.
    static func files(in tree: CheckpointTree) throws -> [String] {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: tree.source, isDirectory: &isDirectory), isDirectory else {
            return [""]
        }
        var found: [String] = []
        try collect(tree.source, "", depth: 0, into: &found)
        return found.filter { !tree.excluded.contains(String($0.prefix { $0 != "/" })) }
    }

    private static func collect(_ directory: String, _ prefix: String, depth: Int, into found: inout [String]) throws {
        guard depth < maximumDepth else { return }
        for name in try attempt(directory, { try FileManager.default.contentsOfDirectory(atPath: directory) }).sorted()
        where !name.hasPrefix(".") {
            let path = directory + "/" + name
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { continue }
            if isDirectory {
                try collect(path, prefix + name + "/", depth: depth + 1, into: &found)
            } else {
                found.append(prefix + name)
            }
        }
    }

    /// A path with links resolved, so that two spellings of one file are equal.
    static func identity(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }

    /// A path below a directory; empty components fall away.
    static func join(_ components: String...) -> String {
        components.filter { !$0.isEmpty }.joined(separator: "/")
    }

    /// Refuses an output that exists with content, or lies in what is read.
    static func requireFree(_ output: String, besides sources: [String]) throws {
        // What is absent is not in the way.
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
        guard entries.isEmpty else {
            throw ConversionError.output(path: output, reason: "it exists and is not empty; name a new directory")
        }
        var isDirectory = false
        if FileManager.default.fileExists(atPath: output, isDirectory: &isDirectory), !isDirectory {
            throw ConversionError.output(path: output, reason: "it is a file; name a new directory")
        }
        let wanted = identity(output) + "/"
        for source in sources where wanted.hasPrefix(identity(source) + "/") {
            throw ConversionError.output(path: output, reason: "it lies in the checkpoint that is read, \(source)")
        }
    }

    static func makeDirectory(_ path: String) throws {
        try attempt(path) { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    }

    /// Links a large file, copies a small one, and copies where links cannot be.
    static func take(_ source: String, to path: String) throws {
        let resolved = identity(source)
        let size = (try? FileManager.default.attributesOfItem(atPath: resolved))?[.size] as? Int ?? 0
        if size >= linkedSize, (try? FileManager.default.linkItem(atPath: resolved, toPath: path)) != nil { return }
        try attempt(path) { try FileManager.default.copyItem(atPath: resolved, toPath: path) }
    }

    static func rename(_ source: String, to path: String) throws {
        try? FileManager.default.removeItem(atPath: path)  // an empty directory at most, or nothing
        try makeDirectory(AdapterLocation.parent(of: path))
        try attempt(path) { try FileManager.default.moveItem(atPath: source, toPath: path) }
    }

    private static func attempt<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw ConversionError.output(path: path, reason: "\(error)")
        }
    }
}
