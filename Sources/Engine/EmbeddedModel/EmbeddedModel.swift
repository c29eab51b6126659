// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// The model that is used when none is given: a small checkpoint with seeded random weights, and two adapters.
///
/// It is written once into the user's cache. It makes noise, not music, but every part of the real architecture takes part.
public enum EmbeddedModel {
    /// Changes whenever the files would.
    private static let revision = "random-1"

    /// The checkpoint's directory; writes it on the first use.
    public static func directory() throws -> String { try root() + "/model" }

    /// The directories of the two adapters, by name; writes them on the first use.
    public static func adapters() throws -> [(name: String, directory: String)] {
        let root = try root()
        return RandomAdapter.all.map { ($0.name, root + "/adapters/" + $0.name) }
    }

    /// Writes the checkpoint and its adapters under `root`.
    package static func write(to root: String) throws {
        let checkpoint = RandomCheckpoint()
        try checkpoint.write(to: root + "/model")
        for adapter in RandomAdapter.all {
            try adapter.write(to: root + "/adapters/" + adapter.name, for: checkpoint)
        }
    }

    /// Where the files lie.
    ///
    /// They are written beside it and moved there whole, so that an interrupted run, or a second one at the same time, in
    /// this process or another, never leaves half of them.
    private static func root() throws -> String {
        let files = FileManager.default
        let final = CacheDirectory.path + "/embedded-" + revision
        if files.fileExists(atPath: final) { return final }
        let partial = final + ".partial-\(UUID().uuidString)"
        defer { try? files.removeItem(atPath: partial) }  // only left where something failed, and then it is of no use
        try write(to: partial)
        do {
            try files.moveItem(atPath: partial, toPath: final)
        } catch {
            guard files.fileExists(atPath: final) else { throw error }  // somebody else was faster
        }
        return final
    }
}

/// Where Lumina keeps what can be made or fetched again.
enum CacheDirectory {
    /// `$LUMINA_CACHE`, else `$XDG_CACHE_HOME/lumina`, else `~/.cache/lumina`.
    static var path: String {
        let environment = ProcessInfo.processInfo.environment
        if let own = environment["LUMINA_CACHE"], !own.isEmpty { return own }
        if let shared = environment["XDG_CACHE_HOME"], !shared.isEmpty { return shared + "/lumina" }
        return (environment["HOME"] ?? "/tmp") + "/.cache/lumina"
    }
}
