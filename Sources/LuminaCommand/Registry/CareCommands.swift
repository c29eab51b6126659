// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import ObjectStore
import Registry

/// `lumina registry init`: prepares a store and says what it can do.
struct InitializeRegistry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Look whether a store can hold a registry, and prepare it.",
        discussion: "What lies in lora/NAME/ already is left as it is; --adopt makes it version 1 of NAME."
    )

    @OptionGroup var options: StoreOptions

    @Flag(help: "Make the bucket if it is not there.")
    var createBucket = false

    @Flag(help: "Switch the bucket's versioning on.")
    var enableVersioning = false

    @Flag(help: "Publish what lies in the flat folders as versions.")
    var adopt = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let registry = try await options.registry()
        if let bucket = registry.store as? S3Store {
            if createBucket { try await bucket.createBucket() }
            if enableVersioning { try await bucket.setVersioning(.enabled) }
        }
        let isSound = try await DiagnosisRun(registry: registry, json: json).run { $0.adopts = adopt }
        if !isSound { throw ExitCode(Termination.failed) }
        if !json { print("\(registry.place) can be used: lumina registry push DIR NAME --store …") }
    }
}

/// `lumina registry doctor`: finds what is wrong and repairs it.
struct DiagnoseRegistry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find what is wrong with the store, the logs and the flat folders, and repair it."
    )

    @Argument(help: "Only these names.")
    var names: [String] = []

    @OptionGroup var options: StoreOptions

    @Flag(help: "Bring flat folders up to date.")
    var repair = false

    @Flag(help: "Publish what was put into flat folders by hand as versions.")
    var adopt = false

    @Flag(help: "Let eight writers race, to find servers whose put-if-absent is not atomic.")
    var raceTest = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let registry = try await options.registry()
        let chosen = try names.map { try RegistryName($0) }
        let isSound = try await DiagnosisRun(registry: registry, json: json).run { diagnosis in
            diagnosis.repairs = repair
            diagnosis.adopts = adopt
            diagnosis.races = raceTest
            diagnosis.names = chosen
        }
        if !isSound { throw ExitCode(Termination.failed) }
    }
}

/// Runs a diagnosis and prints it.
private struct DiagnosisRun {
    let registry: Registry
    let json: Bool

    /// - Returns: Whether nothing is wrong.
    func run(_ adjust: (inout Registry.DiagnosisOptions) -> Void) async throws -> Bool {
        var options = Registry.DiagnosisOptions()
        adjust(&options)
        let directory = FileManager.default.temporaryDirectory.path + "/lumina-adopt-" + UUID().uuidString
        options.temporaryDirectory = directory
        // What stays is the system's to clean up.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let findings = try await registry.diagnose(options)
        if json { try JSONOutput.print(findings) } else { FindingOutput.print(findings) }
        return !findings.contains { $0.severity == .error }
    }
}

/// Findings for people.
private enum FindingOutput {
    static func print(_ findings: [Registry.Finding]) {
        if findings.isEmpty { return Swift.print("✓ all is well") }
        for finding in findings {
            let mark = finding.severity == .error ? "✗" : finding.severity == .warning ? "!" : "·"
            Swift.print("\(mark) \(finding.subject): \(finding.message)")
            if let advice = finding.advice { Swift.print("  → \(advice)") }
        }
    }
}

/// `lumina registry verify`: checks logs, signatures and bytes.
struct VerifyVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the log's chain, signatures and every byte of versions in the store."
    )

    @Argument(help: "NAME or NAME@v3; all names when left out.")
    var reference: String?

    @OptionGroup var options: StoreOptions
    @OptionGroup var signatures: SignatureOptions

    @Flag(help: "Compare sizes only, read no bytes.")
    var shallow = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let registry = try await options.registry()
        let policy = try signatures.policy()
        var findings: [Registry.Finding] = []
        var count = 1
        if let reference {
            let (name, selector) = try NamedReference.parse(reference)
            let chosen = reference.contains("@") ? selector : nil
            findings = try await registry.verify(name, chosen, isDeep: !shallow, signatures: policy)
        } else {
            let names = try await registry.names()
            count = names.count
            for name in names { findings += try await registry.verify(name, isDeep: !shallow, signatures: policy) }
        }
        if json { try JSONOutput.print(findings) } else { FindingOutput.print(findings) }
        if !json && findings.isEmpty { print("verified \(count) name\(count == 1 ? "" : "s")") }
        if findings.contains(where: { $0.severity == .error }) { throw ExitCode(Termination.failed) }
    }
}

/// `lumina registry gc`: retires old versions and deletes files that nobody needs.
struct CollectVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Say which files nobody needs, and with --delete delete them.",
        discussion: """
            Deleted are files of versions that were retired a week ago or earlier, and of attempts to publish that were given \
            up a day ago. Safe while others publish.
            """
    )

    @Argument(help: "Only these names.")
    var names: [String] = []

    @OptionGroup var options: StoreOptions
    @OptionGroup var entry: EntryOptions

    @Option(help: ArgumentHelp("First retire all but the newest so many; aliased ones stay.", valueName: "count"))
    var keepLast: Int?

    @Option(help: ArgumentHelp("Retire nothing younger than so many days.", valueName: "days"))
    var olderThan: Int = 30

    @Flag(help: "Do it.")
    var delete = false

    @Flag(help: "Delete the bucket's old object versions of these files too.")
    var purge = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        if let keepLast, keepLast < 1 { throw ValidationError("--keep-last is at least 1") }
        guard olderThan >= 0, olderThan < 100_000 else { throw ValidationError("--older-than is a number of days") }
        let registry = try await entry.registry(options)
        var rule = Registry.CollectionRule()
        rule.keepLast = keepLast
        rule.minimumAge = Double(olderThan) * 86400
        rule.purges = purge
        rule.isDryRun = !delete
        let chosen = names.isEmpty ? try await registry.names() : try names.map { try RegistryName($0) }
        let report = try await registry.collect(chosen, rule)
        if json { return try JSONOutput.print(report) }
        for version in report.retired { print(delete ? "retired \(version)" : "would retire \(version)") }
        for tree in report.deleted {
            let what = tree.version.map { "v\($0)" } ?? "an abandoned attempt"
            print(
                "\(delete ? "deleted" : "would delete") \(what) of \(tree.name), \(TransferBar.bytes(tree.byteCount))"
            )
        }
        let total = "\(report.deleted.count) of \(TransferBar.bytes(report.byteCount))"
        print(delete ? "deleted \(total)" : "would delete \(total); --delete does it")
    }
}
