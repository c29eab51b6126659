// SPDX-License-Identifier: Apache-2.0

/// The parts of a sound file's path.
public struct SongPath: Sendable, Hashable {
    /// The whole path.
    public let path: String

    /// Wraps a path.
    public init(_ path: String) { self.path = path }

    /// The name with its extension.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? "" }

    /// The name without its extension; a leading dot begins no extension.
    public var stem: String {
        let name = name
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
        return String(name[..<dot])
    }

    /// The extension without its dot, in lower case; empty if there is none.
    public var fileExtension: String { String(name.dropFirst(stem.count).dropFirst()).lowercased() }

    /// The folder; `.` for a bare name.
    public var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The path without its extension.
    var withoutExtension: String { String(path.dropLast(name.count)) + stem }

    /// A path inside `folder`, or the path itself if it is absolute.
    static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") || folder == "." ? path : folder + (folder.hasSuffix("/") ? "" : "/") + path
    }
}
