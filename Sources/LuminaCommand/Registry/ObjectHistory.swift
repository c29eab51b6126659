// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import ObjectStore
import Registry

/// `lumina registry history`: the object versions that the bucket itself keeps.
struct ObjectHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List the bucket's own versions of a name's flat files; fetch or restore one.",
        discussion: "This is S3's versioning, below the registry's: for what was copied over or deleted by hand."
    )

    @Argument(help: "The name.")
    var name: String

    @OptionGroup var options: StoreOptions

    @Option(help: ArgumentHelp("Only this file.", valueName: "path"))
    var file: String?

    @Option(help: ArgumentHelp("The version to fetch or restore.", valueName: "id"))
    var versionID: String?

    @Option(help: ArgumentHelp("Write the version into this file.", valueName: "path"))
    var output: String?

    @Flag(help: "Make the version the current object again.")
    var restore = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let registry = try await options.registry()
        let name = try NamedReference.parse(name).0
        guard let versionID else { return try await list(registry, name) }
        guard let file else { throw ValidationError("which file? --file adapter_model.safetensors") }
        if restore == (output != nil) { throw ValidationError("give one of --output FILE and --restore") }
        let version = VersionID(versionID)
        var sentence = "\(file) of version \(versionID) is in \(output ?? "")"
        if let output {
            try await registry.fetchObject(file, of: name, version: version, to: output)
        } else {
            try await registry.restoreObject(file, of: name, version: version)
            sentence =
                "restored \(file); the registry's log is unchanged, 'lumina registry doctor' says how they differ now"
        }
        guard json else { return print(sentence) }
        try JSONOutput.print(FetchedObject(file: file, versionID: versionID, output: output, isRestored: restore))
    }

    private func list(_ registry: Registry, _ name: RegistryName) async throws {
        let found = try await registry.objectHistory(of: name).filter { file == nil || $0.path == file }
        if json { return try JSONOutput.print(found.map(ObjectVersionReport.init)) }
        RegistryOutput.table(
            ["FILE", "VERSION ID", "SIZE", "WRITTEN", "STATE"],
            found.map { version in
                let state = version.isDeleteMarker ? "deleted" : version.isLatest ? "latest" : ""
                let size = version.isDeleteMarker ? "-" : TransferBar.bytes(version.size)
                return [
                    version.path, version.version.text, size, version.lastModified?.formatted(.iso8601) ?? "-", state,
                ]
            }
        )
    }
}

private struct FetchedObject: Encodable {
    let file: String
    let versionID: String
    let output: String?
    let isRestored: Bool

    private enum CodingKeys: String, CodingKey {
        case file
        case versionID = "version_id"
        case output
        case isRestored = "restored"
    }
}

private struct ObjectVersionReport: Encodable {
    let file: String
    let versionID: String
    let size: Int
    let isLatest: Bool
    let isDeleteMarker: Bool
    let lastModified: String?

    init(_ version: Registry.ObjectVersion) {
        file = version.path
        versionID = version.version.text
        size = version.size
        isLatest = version.isLatest
        isDeleteMarker = version.isDeleteMarker
        lastModified = version.lastModified?.formatted(.iso8601)
    }

    private enum CodingKeys: String, CodingKey {
        case file
        case versionID = "version_id"
        case size
        case isLatest = "latest"
        case isDeleteMarker = "delete_marker"
        case lastModified = "last_modified"
    }
}
