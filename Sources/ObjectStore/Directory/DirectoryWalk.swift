// SPDX-License-Identifier: Apache-2.0

/// Walks a directory store's files in the order of their keys.
///
/// Blocking.
struct DirectoryWalk: Sendable {
    let layout: DirectoryLayout

    /// A page of the visible objects.
    func page(_ options: ListOptions) throws(ObjectStoreError) -> ListPage {
        var found: [ListedObject] = []
        var skipped: String?
        // One more than a page: `paged` then knows that it is not the last. Keys under one common prefix count once.
        try walk(layout.root, "", prefix: options.prefix) { key throws(ObjectStoreError) in
            guard ListPage.admits(key, options) else { return true }
            if let delimiter = options.delimiter, !delimiter.isEmpty {
                let rest = key.utf8.dropFirst(options.prefix.utf8.count)
                if let end = Substring(rest).firstRange(of: delimiter)?.upperBound {
                    if skipped == String(key[..<end]) { return true }
                    skipped = String(key[..<end])
                }
            }
            guard let object = try listed(key) else { return true }
            found.append(object)
            return found.count <= options.pageSize
        }
        return ListPage.paged(found, options)
    }

    private func listed(_ text: String) throws(ObjectStoreError) -> ListedObject? {
        guard let key = try? ObjectKey(text), (try? layout.check(key)) != nil else { return nil }
        guard let current = try DirectoryHistory(layout: layout, key: key).current() else { return nil }
        return ListedObject(
            key: text,
            size: current.info.size,
            etag: current.info.etag,
            lastModified: current.info.lastModified
        )
    }

    /// A page of the versions: those with records, and visible files without any.
    func versionPage(_ options: VersionListOptions) throws(ObjectStoreError) -> VersionPage {
        var keys: Set<[UInt8]> = []
        try walk(layout.root, "", prefix: options.prefix) { key throws(ObjectStoreError) in
            keys.insert(Array(key.utf8))
            return true
        }
        try walkRecords(layout.side + "/versions", "", prefix: options.prefix) { keys.insert(Array($0.utf8)) }
        var versions: [ListedVersion] = []
        for bytes in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let text = String(decoding: bytes, as: UTF8.self)
            if let marker = options.marker, text.utf8.lexicographicallyPrecedes(marker.key.utf8) { continue }
            // A name that is no key (a control character in a file put there by hand) is no object.
            guard let key = try? ObjectKey(text), (try? layout.check(key)) != nil else { continue }
            versions += try DirectoryHistory(layout: layout, key: key).listed()
            if versions.count > 2 * max(1, min(options.limit, 1000)) + 1000 { break }
        }
        return VersionPage.paged(versions, options)
    }

    /// Visits the files under a directory in the order of their keys' bytes, until told to stop.
    ///
    /// `a-b` sorts before `a/b`: a directory takes part in its parent's order as its name with `/` at the end.
    @discardableResult
    private func walk(
        _ path: String,
        _ key: String,
        prefix: String,
        _ visit: (String) throws(ObjectStoreError) -> Bool
    ) throws(ObjectStoreError) -> Bool {
        var entries: [String] = []
        for name in try LocalDirectory.names(path) where name != DirectoryLayout.reserved {
            switch try LocalDirectory.status(path + "/" + name)?.kind {
            case .file: entries.append(key + name)
            case .directory: entries.append(key + name + "/")
            case .symbolicLink, .other, nil: continue
            }
        }
        for entry in entries.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let isUnder = entry.utf8.starts(with: prefix.utf8)
            if entry.utf8.last == UInt8(ascii: "/") {
                guard isUnder || prefix.utf8.starts(with: entry.utf8) else { continue }
                let name = entry.utf8.dropFirst(key.utf8.count).dropLast()
                if try !walk(path + "/" + String(Substring(name)), entry, prefix: prefix, visit) { return false }
            } else if isUnder, try !visit(entry) {
                return false
            }
        }
        return true
    }

    private func walkRecords(
        _ path: String,
        _ key: String,
        prefix: String,
        _ visit: (String) -> Void
    ) throws(ObjectStoreError) {
        for name in try LocalDirectory.names(path) {
            if name == DirectoryLayout.reserved {
                if key.utf8.starts(with: prefix.utf8) { visit(key) }
            } else {
                let child = key.isEmpty ? name : key + "/" + name
                try walkRecords(path + "/" + name, child, prefix: prefix, visit)
            }
        }
    }
}
