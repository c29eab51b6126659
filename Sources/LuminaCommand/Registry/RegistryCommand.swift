// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ObjectStore
import Registry

/// `lumina registry`: versions of adapters, models and data sets in a store.
struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "Publish, find, fetch, roll back and check versions of adapters on S3 or in a directory.",
        discussion: """
            lora/NAME/ in the store always holds the files of the version that 'current' names, for 'aws s3 sync'. \
            References: NAME, NAME@3 (or @v3), NAME@prod, NAME@sha256:….
            """,
        subcommands: [
            InitializeRegistry.self, PushVersion.self, PullVersion.self, ListNames.self, ListVersions.self,
            ShowVersion.self,
            MoveAlias.self, RollBack.self, RetireVersion.self, CompareVersions.self, VerifyVersions.self,
            CollectVersions.self, DiagnoseRegistry.self, WatchName.self, ObjectHistory.self, MakeKeys.self,
        ]
    )
}

/// Output that commands of the registry share.
enum RegistryOutput {
    /// Prints rows in columns, the widest decides.
    static func table(_ head: [String], _ rows: [[String]]) {
        // Cells may hold what strangers wrote into a log.
        let all = [head] + rows.map { $0.map(Printable.line) }
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            let cells = row.indices.map { $0 == row.count - 1 ? row[$0] : row[$0].padded(to: widths[$0]) }
            print(cells.joined(separator: "  "))
        }
    }

    /// Tells the user what is odd.
    static func warn(_ warnings: [String]) {
        for warning in warnings { Console.warning(warning) }
    }
}

/// A version, as `--json` shows it.
struct VersionReport: Encodable {
    let name: String
    let version: Int
    let digest: String
    let tree: String
    let time: String
    let actor: String?
    let note: String?
    let aliases: [String]
    let retired: String?
    let signer: String?
    let byteCount: Int
    let files: [FileRecord]
    let lineage: Lineage

    init(_ version: VersionRecord, _ history: LogHistory, _ registry: Registry) {
        name = history.name.text
        self.version = version.number
        digest = "sha256:" + version.tree.digest
        tree = registry.store.location + "/" + registry.layout.treePrefix(history.name, version.tree.id)
        time = version.time
        actor = version.actor
        note = version.note
        aliases = history.state.aliases(of: version.number)
        retired = version.retired
        signer = version.signer
        byteCount = version.tree.byteCount
        files = version.tree.files
        lineage = version.lineage
    }

    private enum CodingKeys: String, CodingKey {
        case name, version, digest, tree, time, actor, note, aliases, retired, signer
        case byteCount = "bytes"
        case files, lineage
    }
}

/// A name of the registry and a version of it, without the other kinds of reference.
enum NamedReference {
    /// Reads `NAME` or `NAME@…`.
    static func parse(_ text: String) throws -> (RegistryName, Selector) {
        guard case .named(let name, let selector) = try Reference(text, isLocal: { _ in false }) else {
            throw ValidationError("'\(text)' is no name of the registry; write NAME, NAME@v3 or NAME@prod")
        }
        return (name, selector)
    }
}
