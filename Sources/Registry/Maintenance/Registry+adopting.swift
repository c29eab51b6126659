// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import ObjectStore

extension Registry {
    /// How a flat view stands to the log.
    public enum FlatViewCondition: Sendable, Hashable {
        /// Nothing is there and nothing should be.
        case empty
        /// It shows the current version.
        case current
        /// It lags behind or an exchange of its files was broken off; anyone can finish it.
        case behind
        /// Files were put there by hand, before there was a log or over a version; the paths.
        case changedByHand([String])
    }

    /// Looks at a name's flat view.
    public func flatView(of name: RegistryName) async throws -> FlatViewCondition {
        let listed = try await FlatSnapshot.take(of: name, paths: [], in: store, layout)
        let history = try await history(of: name)
        guard case .changedByHand(let paths) = Self.condition(listed, history) else {
            return Self.condition(listed, history)
        }
        // Listings of some servers lag behind their objects; a request for the object itself does not.
        var etags = listed.etags
        for path in paths { etags[path] = try await FlatSnapshot.etag(of: path, name, in: store, layout) }
        return Self.condition(FlatSnapshot(etags: etags, asked: nil, manifest: listed.manifest), history)
    }

    private static func condition(_ snapshot: FlatSnapshot, _ history: LogHistory) -> FlatViewCondition {
        let present = snapshot.etags.keys.filter { FileRecord.fault(ofPath: $0) == nil }
        guard let number = history.state.current, let version = history.state.version(number),
            let sequence = history.state.currentSequence
        else { return present.isEmpty ? .empty : .changedByHand(present.sorted()) }
        guard let manifest = snapshot.manifest?.content, manifest.state == .complete else { return .behind }
        let recorded = manifest.etags
        let changed = manifest.files.map(\.path).filter { path in
            recorded[path].map { snapshot.etags[path] != ETag($0) } ?? true
        }
        if manifest.sequence != sequence || manifest.digest != version.tree.digest { return .behind }
        return changed.isEmpty ? .current : .changedByHand(changed.sorted())
    }

    /// Publishes what lies in a flat view as a version of its own: what was there before the registry, or was copied over a
    /// version by hand.
    ///
    /// - Parameters:
    ///   - name: Whose flat view.
    ///   - movesCurrent: Whether the view's content stays the current version.
    ///   - directory: An empty local directory for the files.
    /// - Throws: `RegistryError` of kind `.notFound` when there is nothing by hand; `.invalidAdapter` when it is half.
    /// - Returns: The version.
    public func adoptFlatView(
        of name: RegistryName,
        movesCurrent: Bool,
        via directory: String
    ) async throws -> PublishOutcome {
        guard case .changedByHand = try await flatView(of: name) else {
            throw RegistryError(.notFound, "nothing was put by hand into \(layout.flatPrefix(name))")
        }
        let prefix = layout.flatPrefix(name)
        try await FileThreads.run { try LocalDirectory.create(directory) }
        for try await object in store.objects(prefix: prefix) where !object.key.hasSuffix("/") {
            let path = String(object.key.dropFirst(prefix.count))
            guard FileRecord.fault(ofPath: path) == nil else { continue }
            let local = directory + "/" + path
            try await FileThreads.run {
                if let parent = LocalDirectory.parent(of: local) { try LocalDirectory.create(parent) }
            }
            let download = ObjectDownload(store: store, engine: engine, meter: nil)
            try await download.fetch(ObjectKey(object.key), size: object.size, etag: object.etag, to: local)
        }
        let source = try await PublicationSource(path: directory, kind: kind)
        var options = PublishOptions()
        options.movesCurrent = movesCurrent
        options.isNameForced = true
        options.note = "adopted from \(prefix)"
        return try await publish(source, as: name, options)
    }

    /// Names of folders in the flat layout, whether they have a log or not.
    public func flatNames() async throws -> [RegistryName] {
        var names: Set<RegistryName> = []
        for folder in [""] + (kind == .lora ? ["loo-subsets/", "experimental/"] : []) {
            let root = layout.flatRoot + folder
            for prefix in try await store.children(of: root).commonPrefixes where prefix.hasPrefix(root) {
                guard let name = try? RegistryName(String(prefix.dropFirst(root.count).dropLast())),
                    layout.flatPrefix(name) == prefix, !(kind == .lora && NameConvention.reserved.contains(name.text))
                else { continue }  // folders that are not where a name's would be are the user's own
                names.insert(name)
            }
        }
        return names.sorted()
    }
}
