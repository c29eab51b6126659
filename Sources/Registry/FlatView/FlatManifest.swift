// SPDX-License-Identifier: Apache-2.0

import ObjectStore

/// `adapter_manifest.json` of a flat view: which version it shows, and whether it is whole.
///
/// Whoever has synced a folder by hand can check it by this file: `state` complete and all hashes right.
public struct FlatManifest: Sendable, Hashable, Codable {
    /// Whether the files are those of the list.
    public enum State: String, Sendable, Hashable, Codable {
        /// They are.
        case complete
        /// Somebody is exchanging them, or was when it crashed.
        case updating
    }

    /// The form of the file.
    public static let schema = "lumina-flat/1"
    /// The most bytes that are read.
    package static let maximumByteCount = 4 << 20

    /// The form of the file.
    public var schema = FlatManifest.schema
    /// What the name names.
    public var kind: RegistryKind
    /// Whose flat view it is.
    public var name: RegistryName
    /// The entry of the log that the view follows.
    public var sequence: Int
    /// The version shown.
    public var version: Int
    /// Whether the files are those of the list.
    public var state: State
    /// Who is exchanging the files; nil when complete.
    public var owner: String?
    /// The digest of the version's tree.
    public var digest: String
    /// The version's folder in the registry.
    public var tree: TreeID
    /// The files.
    public var files: [FileRecord]
    /// The store's tags of the files, by path; empty while updating.
    public var etags: [String: String]

    private enum CodingKeys: String, CodingKey {
        case schema, kind, name
        case sequence = "seq"
        case version, state, owner, digest, tree, files, etags
    }

    /// The file's bytes.
    ///
    /// Spaces at the end make sizes differ between neighbouring versions, so that a sync which looks at sizes alone never
    /// takes an old manifest for the new one.
    func encoded() throws -> [UInt8] {
        var bytes = try CanonicalJSON.encode(self)
        let block = (bytes.count + 1 + 4095) / 4096 * 4096
        let target = block + (2 * sequence + (state == .complete ? 1 : 0)) % 2048
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: target - bytes.count - 1) + [UInt8(ascii: "\n")]
        return bytes
    }

    /// Reads and checks a manifest.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - place: What it is, for the error.
    /// - Throws: `RegistryError` of kind `.malformed`.
    public init(_ bytes: [UInt8], from place: String) throws {
        self = try CanonicalJSON.decode(FlatManifest.self, bytes, from: place)
        guard schema == Self.schema else {
            throw RegistryError(.malformed, "\(place) is written as '\(Printable.text(schema))', not \(Self.schema)")
        }
        do throws(RegistryError) {
            try TreeRecord(id: tree, digest: digest, content: digest, files: files).check()
        } catch {
            throw RegistryError(.malformed, "\(place): \(error.message)")
        }
    }

    /// Describes a view.
    init(kind: RegistryKind, name: RegistryName, sequence: Int, version: VersionRecord, state: State, owner: String?) {
        self.kind = kind
        self.name = name
        self.sequence = sequence
        self.version = version.number
        self.state = state
        self.owner = owner
        digest = version.tree.digest
        tree = version.tree.id
        files = version.tree.files
        etags = [:]
    }
}
