// SPDX-License-Identifier: Apache-2.0

/// The regular files below a directory; links are neither followed nor listed, nor are downloads under way.
enum LocalTree {
    /// Finds the files; blocks.
    ///
    /// - Returns: Status by path below the directory; nothing when there is no such directory.
    static func files(_ directory: String) throws(ObjectStoreError) -> [String: FileStatus] {
        var found: [String: FileStatus] = [:]
        var pending = [""]
        while let folder = pending.popLast() {
            for name in try LocalDirectory.names(directory + "/" + folder) where !isPartial(name) {
                let path = folder + name
                guard let status = try LocalDirectory.status(directory + "/" + path) else { continue }
                switch status.kind {
                case .file: found[path] = status
                case .directory: pending.append(path + "/")
                case .symbolicLink, .other: continue
                }
            }
        }
        return found
    }

    /// Removes files, and the folders that are empty then; blocks.
    static func remove(_ paths: [String], below directory: String) throws(ObjectStoreError) {
        for path in paths {
            try LocalDirectory.remove(directory + "/" + path)
            var folder = LocalDirectory.parent(of: path)
            while let current = folder, LocalDirectory.removeEmpty(directory + "/" + current) {
                folder = LocalDirectory.parent(of: current)
            }
        }
    }

    private static func isPartial(_ name: String) -> Bool {
        name.hasPrefix(".") && (name.hasSuffix(".part") || name.hasSuffix(".parts"))
    }
}
