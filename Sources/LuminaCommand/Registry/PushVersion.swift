// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Registry

/// `lumina registry push`: publishes a directory as the next version.
struct PushVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Publish a directory as the next version of a name, whole or not at all.",
        discussion:
            "Pushing the same content again gives the version that is there. Without --expect a push never conflicts."
    )

    @Argument(help: "The adapter's directory or .safetensors file.")
    var directory: String

    @Argument(help: "The name: {style}-gen-{preset}, loo-{genre} or {name}-exp-{nn}.")
    var name: String

    @OptionGroup var options: StoreOptions
    @OptionGroup var lineage: LineageOptions

    @Option(help: ArgumentHelp("Publish only if 'current' is this version, or 'none'.", valueName: "version"))
    var expect: String?

    @Option(
        name: .customLong("alias"),
        help: ArgumentHelp("Let this alias name the version too. Repeatable.", valueName: "alias")
    )
    var aliases: [String] = []

    @Flag(help: "Leave 'current', and with it lora/NAME/, where it is.")
    var keepCurrent = false

    @Flag(help: "Accept a name outside the convention.")
    var forceName = false

    @Flag(help: "Look at every number of the weights for NaN and infinity.")
    var deep = false

    @Option(help: "A sentence for the log.")
    var note: String?

    @Option(help: "Who publishes; else $USER.")
    var actor: String?

    @Option(help: ArgumentHelp("Sign with this Ed25519 private key.", valueName: "pem"))
    var signKey: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let (name, selector) = try NamedReference.parse(name)
        if selector != .current { throw ValidationError("versions are counted by the registry; push to a name alone") }
        let signer = try signKey.map { try SigningKeys.privateKey(KeyFile.text($0)) }
        let registry = try await options.registry(actor: actor, signer: signer)
        var publishing = Registry.PublishOptions()
        publishing.aliases = try aliases.map { try AliasName($0) }.filter { $0 != .latest }
        publishing.movesCurrent = !keepCurrent
        publishing.expectation = try expectation()
        publishing.lineage = try lineage.lineage()
        publishing.note = note
        publishing.isNameForced = forceName
        let bar = TransferBar(isQuiet: json)
        publishing.progress = { bar.show($0) }
        let (directory, deep, prepared) = (directory, deep, publishing)
        let outcome = try await Interruption.cancelling {
            defer { bar.finish() }
            let source = try await PublicationSource(path: directory, kind: registry.kind, isDeep: deep)
            return try await registry.publish(source, as: name, prepared)
        }
        RegistryOutput.warn(outcome.warnings)
        try report(outcome, registry)
    }

    private func expectation() throws -> Registry.Expectation {
        guard let expect else { return .none }
        if expect == "none" { return .absent }
        guard let number = VersionNumber.parse(expect) else {
            throw ValidationError("--expect is a version (3 or v3) or 'none', not '\(expect)'")
        }
        return .current(number)
    }

    private func report(_ outcome: Registry.PublishOutcome, _ registry: Registry) throws {
        if json {
            let version = VersionReport(outcome.version, outcome.history, registry)
            try JSONOutput.print(PushReport(isNew: outcome.isNew, version: version, warnings: outcome.warnings))
            return
        }
        let version = outcome.version
        let what =
            "\(outcome.history.name)@v\(version.number) (\(TransferBar.bytes(version.tree.byteCount)), sha256:\(version.tree.digest.prefix(12)))"
        if outcome.isNew {
            print("published \(what)")
        } else {
            let current = outcome.history.state.current ?? version.number
            let hint =
                current == version.number
                ? ""
                : "; current is v\(current), to go back: lumina registry rollback \(outcome.history.name) --to \(version.number)"
            print("unchanged: the same content is \(what)\(hint)")
        }
    }
}

private struct PushReport: Encodable {
    let isNew: Bool
    let version: VersionReport
    let warnings: [String]

    private enum CodingKeys: String, CodingKey {
        case isNew = "new"
        case version, warnings
    }
}

/// Where a version comes from, as far as its files do not say.
struct LineageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The base model's name.", valueName: "name"))
    var baseModel: String?

    @Option(help: ArgumentHelp("The digest of the base's weights.", valueName: "sha256:…"))
    var baseDigest: String?

    @Option(help: ArgumentHelp("The data set's name or reference.", valueName: "ref"))
    var dataset: String?

    @Option(help: ArgumentHelp("The data set's digest.", valueName: "sha256:…"))
    var datasetDigest: String?

    @Option(help: ArgumentHelp("The version that it was trained from.", valueName: "version"))
    var parent: String?

    @Option(help: ArgumentHelp("The training code, such as git:3fa71d3.", valueName: "id"))
    var code: String?

    @Option(help: ArgumentHelp("The run, as your tracker calls it.", valueName: "id"))
    var run: String?

    @Option(
        name: .customLong("metric"),
        help: ArgumentHelp("A figure of the run. Repeatable.", valueName: "name=value")
    )
    var metrics: [String] = []

    func lineage() throws -> Lineage {
        var lineage = Lineage()
        lineage.baseModel = baseModel
        lineage.baseDigest = try digest(baseDigest, "--base-digest")
        lineage.dataset = dataset
        lineage.datasetDigest = try digest(datasetDigest, "--dataset-digest")
        if let parent {
            guard let number = VersionNumber.parse(parent) else {
                throw ValidationError("--parent is a version, 3 or v3")
            }
            lineage.parent = number
        }
        lineage.code = code
        lineage.run = run
        for metric in metrics {
            let parts = metric.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let value = Double(parts[1]), value.isFinite else {
                throw ValidationError("--metric is written name=value, such as loss=0.031, not '\(metric)'")
            }
            lineage.metrics = (lineage.metrics ?? [:]).merging([parts[0]: value]) { $1 }
        }
        return lineage
    }

    private func digest(_ text: String?, _ option: String) throws -> String? {
        guard let text else { return nil }
        let digits = text.hasPrefix("sha256:") ? String(text.dropFirst(7)).lowercased() : ""
        guard digits.utf8.count == 64, digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else {
            throw ValidationError("\(option) is written sha256: and 64 hexadecimal digits")
        }
        return "sha256:" + digits
    }
}
