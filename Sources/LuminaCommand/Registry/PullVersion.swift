// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Registry

/// `lumina registry pull`: puts a version into a directory.
struct PullVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Put a version into a directory, verified, whole or not at all.",
        discussion: "What was fetched before comes from the local cache, offline too."
    )

    @Argument(help: "NAME, NAME@v3, NAME@prod, NAME@sha256:… or s3://BUCKET/PREFIX.")
    var reference: String

    @Argument(help: "The directory; is made if it is not there.")
    var directory: String

    @OptionGroup var options: StoreOptions
    @OptionGroup var signatures: SignatureOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let resolver = try await options.resolver(signatures)
        let reference = try Reference(reference, isLocal: { _ in false })
        let bar = TransferBar(isQuiet: json)
        let directory = directory
        let pulled = try await Interruption.cancelling {
            defer { bar.finish() }
            return try await resolver.pull(reference, into: directory) { bar.show($0) }
        }
        RegistryOutput.warn(pulled.warnings)
        if json { return try JSONOutput.print(pulled) }
        let version = pulled.version.map { "@v\($0)" } ?? ""
        let digest = pulled.digest.map { " (\($0.prefix(19)))" } ?? ""
        print("\(pulled.name)\(version)\(digest) is in \(directory)")
    }
}
