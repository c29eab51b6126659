// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ObjectStore
import Registry

/// `lumina registry list`: the names, from the logs or from the local catalogue.
struct ListNames: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the names with their current versions, or search them by words.",
        discussion: """
            A store that does not answer is replaced by the local catalogue, which --offline reads at once; it can be deleted \
            at any time and is filled again by the next list.
            """,
        aliases: ["search"]
    )

    @Argument(help: "Only names with these words in the name, base, aliases, notes or data set.")
    var words: [String] = []

    @OptionGroup var options: StoreOptions

    @Flag(help: "Read the local catalogue only.")
    var offline = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let registry = try await options.registry()
        let catalogue = try Catalogue(path: options.localCache().directory + "/catalogue.sqlite")
        if !offline {
            do {
                try await refresh(catalogue, registry)
            } catch let error as ObjectStoreError where error.isOutage {
                // Nothing known is not the same as nothing there.
                if try await catalogue.items(kind: registry.kind, place: registry.place).isEmpty { throw error }
                Console.warning("\(error); this is the local catalogue, as last seen")
            }
        }
        let text = words.joined(separator: " ")
        let items = try await catalogue.items(kind: registry.kind, place: registry.place, matching: text)
        if json { return try JSONOutput.print(items) }
        if items.isEmpty {
            print(words.isEmpty ? "nothing was published in \(registry.place) yet" : "nothing matches '\(text)'")
            return
        }
        RegistryOutput.table(
            ["NAME", "CURRENT", "VERSIONS", "SIZE", "PUBLISHED", "ALIASES"],
            items.map { item in
                [
                    item.name, item.current.map { "v\($0)" } ?? "-", "\(item.versionCount)",
                    TransferBar.bytes(item.byteCount),
                    item.time ?? "-", item.aliases.joined(separator: " "),
                ]
            }
        )
    }

    private func refresh(_ catalogue: Catalogue, _ registry: Registry) async throws {
        let cache = try options.localCache()
        let names = try await registry.names()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, name) in names.enumerated() {
                if index >= 16 { try await group.next() }
                group.addTask {
                    if let known = try await cache.history(of: name, kind: registry.kind, place: registry.place) {
                        registry.adopt(known)
                    }
                    let history = try await registry.history(of: name)
                    if history.sequence == 0 { return }
                    await cache.keep(history, place: registry.place)
                    try await catalogue.update(history, place: registry.place)
                }
            }
            try await group.waitForAll()
        }
        try await catalogue.keepOnly(names, kind: registry.kind, place: registry.place)
    }
}

/// `lumina registry versions`: the versions of a name.
struct ListVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "versions", abstract: "List the versions of a name.")

    @Argument(help: "The name.")
    var name: String

    @OptionGroup var options: StoreOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let registry = try await options.registry()
        let history = try await registry.lastKnownHistory(of: NamedReference.parse(name).0, in: options.localCache())
        if json { return try JSONOutput.print(history.state.versions.map { VersionReport($0, history, registry) }) }
        RegistryOutput.table(
            ["VERSION", "DIGEST", "SIZE", "PUBLISHED", "BY", "STATE"],
            history.state.versions.map { version in
                let aliases = history.state.aliases(of: version.number).joined(separator: " ")
                return [
                    "v\(version.number)", String(version.tree.digest.prefix(12)),
                    TransferBar.bytes(version.tree.byteCount),
                    version.time, version.actor ?? "-", version.isLive ? aliases : "retired",
                ]
            }
        )
    }
}

/// `lumina registry show`: everything about a version.
struct ShowVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a version: files, digests, where it comes from, who published it."
    )

    @Argument(help: "NAME, NAME@v3, NAME@prod or NAME@sha256:….")
    var reference: String

    @OptionGroup var options: StoreOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let registry = try await options.registry()
        let (name, selector) = try NamedReference.parse(reference)
        let history = try await registry.lastKnownHistory(of: name, in: options.localCache())
        let version = try selector.version(in: history)
        let report = VersionReport(version, history, registry)
        if json { return try JSONOutput.print(report) }
        print(
            "\(name)@v\(version.number)"
                + (report.aliases.isEmpty ? "" : " = " + report.aliases.joined(separator: ", "))
        )
        var rows = [["digest", report.digest], ["files at", report.tree], ["published", report.time]]
        if let actor = report.actor { rows.append(["by", actor]) }
        if let note = report.note { rows.append(["note", note]) }
        if let retired = report.retired { rows.append(["retired", retired]) }
        if let signer = report.signer { rows.append(["signed by", signer]) }
        rows += lineage(report.lineage)
        for row in rows { print("  " + Printable.line(row[0]).padded(to: 14) + Printable.line(row[1])) }
        RegistryOutput.table(
            ["FILE", "SIZE", "SHA-256"],
            report.files.map { [$0.path, TransferBar.bytes($0.size), $0.sha256] }
        )
    }

    private func lineage(_ lineage: Lineage) -> [[String]] {
        let pairs: [(String, String?)] = [
            ("base", lineage.baseModel), ("base digest", lineage.baseDigest), ("data set", lineage.dataset),
            ("data digest", lineage.datasetDigest), ("parent", lineage.parent.map { "v\($0)" }), ("code", lineage.code),
            ("run", lineage.run),
        ]
        let metrics = (lineage.metrics ?? [:]).sorted { $0.key < $1.key }.map { [$0.key, Figures.plain($0.value)] }
        return pairs.compactMap { key, value in value.map { [key, $0] } } + metrics
    }
}

extension Registry {
    /// A name's history, or the one last seen if the store does not answer; that is said.
    fileprivate func lastKnownHistory(of name: RegistryName, in cache: LocalCache) async throws -> LogHistory {
        let known = try await cache.history(of: name, kind: kind, place: place)
        if let known { adopt(known) }
        do {
            let history = try await existingHistory(of: name)
            await cache.keep(history, place: place)
            return history
        } catch let error as ObjectStoreError where error.isOutage {
            guard let known else { throw error }
            Console.warning("\(error); this is '\(name)' as last seen")
            return known
        }
    }
}
