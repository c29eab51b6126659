// SPDX-License-Identifier: Apache-2.0

extension ListPage {
    /// Whether a key belongs to the listing and lies after the place where the page starts.
    static func admits(_ key: String, _ options: ListOptions) -> Bool {
        guard key.utf8.starts(with: options.prefix.utf8) else { return false }
        guard let after = options.continuation ?? options.startAfter else { return true }
        guard after.utf8.lexicographicallyPrecedes(key.utf8) else { return false }
        // A page that ended with a common prefix goes on after everything under it.
        guard let delimiter = options.delimiter, options.continuation != nil, after.hasSuffix(delimiter) else {
            return true
        }
        return !key.utf8.starts(with: after.utf8)
    }

    /// Cuts a page out of objects in the order of their keys, all admitted.
    static func paged(_ objects: [ListedObject], _ options: ListOptions) -> ListPage {
        var page = ListPage(objects: [])
        var last: String?
        for object in objects {
            if let prefix = commonPrefix(of: object.key, options) {
                if page.commonPrefixes.last == prefix { continue }
                if page.objects.count + page.commonPrefixes.count >= options.pageSize {
                    return page.ending(after: last)
                }
                page.commonPrefixes.append(prefix)
                last = prefix
            } else {
                if page.objects.count + page.commonPrefixes.count >= options.pageSize {
                    return page.ending(after: last)
                }
                page.objects.append(object)
                last = object.key
            }
        }
        return page
    }

    private static func commonPrefix(of key: String, _ options: ListOptions) -> String? {
        guard let delimiter = options.delimiter, !delimiter.isEmpty else { return nil }
        let rest = key.utf8.dropFirst(options.prefix.utf8.count)
        guard let found = Substring(rest).firstRange(of: delimiter) else { return nil }
        return String(key[..<found.upperBound])
    }

    private func ending(after last: String?) -> ListPage {
        ListPage(objects: objects, commonPrefixes: commonPrefixes, continuation: last)
    }
}

extension VersionPage {
    /// Cuts a page out of versions in their order.
    static func paged(_ versions: [ListedVersion], _ options: VersionListOptions) -> VersionPage {
        var rest = versions[...]
        if let marker = options.marker {
            let same = versions.firstIndex {
                $0.key.utf8.elementsEqual(marker.key.utf8) && $0.version == marker.version
            }
            if let same {
                rest = versions[(same + 1)...]
            } else {
                rest = versions.drop { !marker.key.utf8.lexicographicallyPrecedes($0.key.utf8) }
            }
        }
        let page = rest.prefix(max(1, min(options.limit, 1000)))
        guard page.count < rest.count, let last = page.last else { return VersionPage(versions: Array(page)) }
        return VersionPage(versions: Array(page), marker: .init(key: last.key, version: last.version))
    }
}

extension ListOptions {
    /// Stores give at least one and at most 1,000 entries a page.
    var pageSize: Int { max(1, min(limit, 1000)) }
}
