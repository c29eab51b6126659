// SPDX-License-Identifier: Apache-2.0

public import ObjectStore

/// Where everything lies in the store.
///
/// ```text
/// lora/NAME/…                          flat view of `current`, which people sync by hand
/// lora-registry/NAME/log/000000000012.json    the truth: written once, in order, never changed
/// lora-registry/NAME/trees/ID-DIGEST/…         immutable files of one attempt to publish
/// lora-registry/NAME/checkpoint.jsonl          all entries up to some number: saves requests, is never trusted alone
/// ```
public struct KeyLayout: Sendable, Hashable {
    /// What the names name.
    public let kind: RegistryKind
    /// The part of the store that the registry lives in; empty or ending in `/`.
    public let prefix: String

    /// The file of the flat view that says which version it shows and whether it is whole.
    public static let flatManifestName = "adapter_manifest.json"
    /// The file of a tree that lists the others.
    public static let treeManifestName = "manifest.json"

    /// Places the registry in a store.
    ///
    /// - Parameters:
    ///   - kind: What the names name.
    ///   - prefix: A folder; empty for the whole store.
    /// - Throws: `ObjectStoreError` of kind `.invalidKey` when the folder can be none.
    public init(kind: RegistryKind, prefix: String = "") throws(ObjectStoreError) {
        var prefix = prefix
        while prefix.hasSuffix("/") { prefix.removeLast() }
        if !prefix.isEmpty {
            _ = try ObjectKey(prefix)
            prefix += "/"
        }
        self.kind = kind
        self.prefix = prefix
    }

    /// The folder of all flat views, ending in `/`.
    public var flatRoot: String { prefix + kind.flatRoot + "/" }

    /// The folder of all logs, ending in `/`.
    public var logRoot: String { prefix + kind.logRoot + "/" }

    /// A name's flat view, ending in `/`.
    public func flatPrefix(_ name: RegistryName) -> String {
        flatRoot + NameConvention(name, kind: kind).folder + name.text + "/"
    }

    /// A file of a name's flat view.
    func flatKey(_ name: RegistryName, _ path: String) throws(ObjectStoreError) -> ObjectKey {
        try ObjectKey(flatPrefix(name) + path)
    }

    /// A name's own folder in the registry, ending in `/`.
    func home(_ name: RegistryName) -> String { logRoot + name.text + "/" }

    /// The log's folder, ending in `/`.
    func logPrefix(_ name: RegistryName) -> String { home(name) + "log/" }

    /// An entry of the log.
    func logKey(_ name: RegistryName, _ sequence: Int) throws(ObjectStoreError) -> ObjectKey {
        let digits = String(sequence)
        let padded = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        return try ObjectKey(logPrefix(name) + padded + ".json")
    }

    /// The entry's number in a key of the log; nil for foreign objects.
    func sequence(of key: String, _ name: RegistryName) -> Int? {
        let prefix = logPrefix(name)
        guard key.hasPrefix(prefix), key.hasSuffix(".json") else { return nil }
        let digits = key.dropFirst(prefix.count).dropLast(5)
        guard digits.utf8.count == 12, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(digits)
    }

    /// The folder of all trees, ending in `/`.
    func treesPrefix(_ name: RegistryName) -> String { home(name) + "trees/" }

    /// A tree's folder, ending in `/`; can be synced by hand like a flat view.
    public func treePrefix(_ name: RegistryName, _ tree: TreeID) -> String { treesPrefix(name) + tree.text + "/" }

    /// A file of a tree.
    func treeKey(_ name: RegistryName, _ tree: TreeID, _ path: String) throws(ObjectStoreError) -> ObjectKey {
        try ObjectKey(treePrefix(name, tree) + path)
    }

    /// All entries up to some number in one object.
    func checkpointKey(_ name: RegistryName) throws(ObjectStoreError) -> ObjectKey {
        try ObjectKey(home(name) + "checkpoint.jsonl")
    }

    /// A place for the probe of the store's abilities.
    func probeKey(_ token: String) throws(ObjectStoreError) -> ObjectKey { try ObjectKey(logRoot + ".probe/" + token) }
}
