// SPDX-License-Identifier: Apache-2.0

/// `manifest.json` of a tree: the list of its files, for whoever finds the folder without the log.
struct TreeManifest: Codable, Sendable {
    static let schema = "lumina-tree/1"
    static let maximumByteCount = 8 << 20

    var schema = TreeManifest.schema
    let kind: RegistryKind
    let name: RegistryName
    let tree: TreeRecord
    let lineage: Lineage?
}
