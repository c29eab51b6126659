// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Registry

/// What commands that change a name print.
private enum ChangeOutput {
    static func report(_ outcome: Registry.ChangeOutcome, _ sentence: String, json: Bool) throws {
        RegistryOutput.warn(outcome.warnings)
        if json {
            try JSONOutput.print(
                ChangeReport(
                    name: outcome.history.name.text,
                    hasChanged: outcome.hasChanged,
                    current: outcome.history.state.current,
                    aliases: outcome.history.state.aliases,
                    sequence: outcome.history.sequence
                )
            )
        } else {
            print(outcome.hasChanged ? sentence : "nothing to do: " + sentence)
        }
    }
}

private struct ChangeReport: Encodable {
    let name: String
    let hasChanged: Bool
    let current: Int?
    let aliases: [String: Int]
    let sequence: Int

    private enum CodingKeys: String, CodingKey {
        case name
        case hasChanged = "changed"
        case current, aliases
        case sequence = "seq"
    }
}

/// Options of commands that add an entry to the log.
struct EntryOptions: ParsableArguments {
    @Option(help: "Who does it; else $USER.")
    var actor: String?

    @Option(help: ArgumentHelp("Sign with this Ed25519 private key.", valueName: "pem"))
    var signKey: String?

    func registry(_ options: StoreOptions) async throws -> Registry {
        let signer = try signKey.map { try SigningKeys.privateKey(KeyFile.text($0)) }
        return try await options.registry(actor: actor, signer: signer)
    }
}

/// `lumina registry alias`: lets an alias name a version.
struct MoveAlias: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias",
        abstract: "Let an alias name a version, or list and remove aliases."
    )

    @Argument(help: "The name.")
    var name: String

    @Argument(help: "The alias, such as prod; without it, all are listed.")
    var alias: String?

    @Argument(help: "The version: 3, v3, another alias or sha256:….")
    var version: String?

    @OptionGroup var options: StoreOptions
    @OptionGroup var entry: EntryOptions

    @Option(help: ArgumentHelp("Only if 'current' is this version.", valueName: "version"))
    var expect: String?

    @Flag(help: "Remove the alias.")
    var remove = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let registry = try await entry.registry(options)
        let name = try NamedReference.parse(name).0
        guard let alias else { return try await list(name, registry) }
        let target = try AliasName(alias)
        if remove {
            let outcome = try await registry.removeAlias(target, of: name)
            return try ChangeOutput.report(outcome, "\(name) has no alias '\(alias)'", json: json)
        }
        guard let version else {
            throw ValidationError("which version? lumina registry alias \(name) \(alias) VERSION")
        }
        let expecting = try expect.map { text in
            guard let number = VersionNumber.parse(text) else {
                throw ValidationError("--expect is a version, 3 or v3")
            }
            return number
        }
        let outcome = try await registry.setAlias(target, of: name, to: Selector(version), expecting: expecting)
        let number = outcome.history.state.number(of: target) ?? 0
        try ChangeOutput.report(outcome, "\(name)@\(alias) is v\(number)", json: json)
    }

    private func list(_ name: RegistryName, _ registry: Registry) async throws {
        let history = try await registry.existingHistory(of: name)
        var aliases = history.state.aliases
        aliases["latest"] = history.state.latest
        if json { return try JSONOutput.print(aliases) }
        RegistryOutput.table(
            ["ALIAS", "VERSION"],
            aliases.sorted { $0.key < $1.key }.map { [$0.key, "v\($0.value)"] }
        )
    }
}

/// `lumina registry rollback`: back to the version before.
struct RollBack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Make the version before 'current' the current one; no bytes of versions move.",
        discussion: "Several who roll back at once go one step together."
    )

    @Argument(help: "The name.")
    var name: String

    @OptionGroup var options: StoreOptions
    @OptionGroup var entry: EntryOptions

    @Option(help: ArgumentHelp("To this version instead.", valueName: "version"))
    var to: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let registry = try await entry.registry(options)
        let name = try NamedReference.parse(name).0
        let outcome = try await registry.rollBack(name, to: try to.map { try Selector($0) })
        try ChangeOutput.report(outcome, "\(name) is at v\(outcome.history.state.current ?? 0)", json: json)
    }
}

/// `lumina registry retire`: takes a version out of use.
struct RetireVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Take a version out of use; 'gc' deletes its files a week later.",
        discussion: "--undo takes it back within six days."
    )

    @Argument(help: "NAME@v3.")
    var reference: String

    @OptionGroup var options: StoreOptions
    @OptionGroup var entry: EntryOptions

    @Option(help: "A sentence for the log.")
    var note: String?

    @Flag(help: "Take a retirement back.")
    var undo = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let registry = try await entry.registry(options)
        let (name, selector) = try NamedReference.parse(reference)
        guard reference.contains("@") else { throw ValidationError("which version? write \(name)@v3") }
        if undo {
            let outcome = try await registry.reinstate(selector, of: name)
            return try ChangeOutput.report(outcome, "\(reference) is in use", json: json)
        }
        let outcome = try await registry.retire(selector, of: name, note: note)
        try ChangeOutput.report(outcome, "\(reference) is retired", json: json)
    }
}
