// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Registry

/// `lumina registry watch`: says when a name moves, and can keep a directory up to date.
struct WatchName: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Say when a reference gets another version; with --into, keep a directory up to date.",
        discussion: "Costs one request each time. Ctrl-C ends it."
    )

    @Argument(help: "NAME or NAME@prod.")
    var reference: String

    @OptionGroup var options: StoreOptions
    @OptionGroup var signatures: SignatureOptions

    @Option(help: ArgumentHelp("Put each version into this directory.", valueName: "dir"))
    var into: String?

    @Option(help: ArgumentHelp("How often to look.", valueName: "seconds"))
    var interval: Double = 5

    @Flag(help: "End after the first version seen.")
    var once = false

    @Flag(help: "Print a JSON object a line.")
    var json = false

    func run() async throws {
        guard interval >= 0.1, interval <= 86_400 else { throw ValidationError("--interval is 0.1 to 86400 seconds") }
        let (name, selector) = try NamedReference.parse(reference)
        let registry = try await options.registry()
        let resolver = try await options.resolver(signatures)
        let watch = self
        try await Interruption.cancelling {
            var seen: Int?
            while true {
                if let version = try await watch.look(registry, name, selector), version.number != seen {
                    seen = version.number
                    try await watch.report(version, name, resolver)
                    if watch.once { return }
                }
                // S3 tells nobody of a change: asking is all there is, and one asking costs one request.
                try await Task.sleep(for: .seconds(watch.interval))
            }
        }
    }

    /// The version now; nil while there is none, or the store does not answer.
    private func look(_ registry: Registry, _ name: RegistryName, _ selector: Selector) async throws -> VersionRecord? {
        do {
            return try await registry.version(selector, of: name).0
        } catch let error as RegistryError where error.kind != .notFound {
            throw error
        } catch let error where !(error is CancellationError) {
            Console.warning("\(error)")
            return nil
        }
    }

    private func report(_ version: VersionRecord, _ name: RegistryName, _ resolver: ReferenceResolver) async throws {
        if let into {
            let pulled = try await resolver.pull(.named(name, .version(version.number)), into: into)
            RegistryOutput.warn(pulled.warnings)
        }
        if json {
            let seen = SeenVersion(
                name: name.text,
                version: version.number,
                digest: "sha256:" + version.tree.digest,
                time: version.time,
                directory: into
            )
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try Self.tell(String(decoding: encoder.encode(seen), as: UTF8.self))
        } else {
            try Self.tell(
                "\(reference) is v\(version.number) (sha256:\(version.tree.digest.prefix(12)))"
                    + (into.map { " in \($0)" } ?? "")
            )
        }
    }
}

extension WatchName {
    /// Prints a line at once: whoever reads along through a pipe does not wait for a full buffer.
    private static func tell(_ line: String) throws {
        try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    }
}

/// A version that was seen, as `--json` shows it.
private struct SeenVersion: Encodable {
    let name: String
    let version: Int
    let digest: String
    let time: String
    let directory: String?
}
