// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ObjectStore
import Registry

/// `lumina models`: base checkpoints.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Fetch base checkpoints.",
        subcommands: [PullModel.self]
    )
}

/// `lumina models pull`: fetches a base checkpoint, resumable.
struct PullModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch a base checkpoint from a bucket, a registry or a model hub; goes on where it was broken off."
    )

    @Argument(help: "s3://BUCKET/PREFIX, hf://OWNER/REPO[@REVISION] or a name of the registry.")
    var reference: String

    @Argument(help: "The directory; is made if it is not there.")
    var directory: String

    @OptionGroup var options: StoreOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let reference = try Reference(reference, isLocal: { _ in false })
        let bar = TransferBar(isQuiet: json)
        let copy = self
        let pulled = try await Interruption.cancelling {
            defer { bar.finish() }
            return try await copy.fetch(reference) { bar.show($0) }
        }
        if json { return try JSONOutput.print(pulled) }
        print("\(pulled.files) files, \(TransferBar.bytes(pulled.bytes)), are in \(directory)")
    }

    private func fetch(
        _ reference: Reference,
        _ progress: @escaping @Sendable (RegistryProgress) -> Void
    ) async throws -> PulledModel {
        switch reference {
        case .hub(let repository, let revision):
            let hub = HubFetch(configuration: try .from(environment: StoreAccess.environment))
            let hubReference = try HubReference("hf://" + repository + (revision.map { "@" + $0 } ?? ""))
            let found = try await HubRepository.open(hubReference, hub.configuration)
            try await hub.download(found, to: directory, progress)
            let bytes = found.files.reduce(0) { $0 + ($1.size ?? 0) }
            return PulledModel(source: "\(reference)", revision: found.commit, files: found.files.count, bytes: bytes)
        case .objects(let bucket, let prefix):
            // Straight into the directory: a checkpoint of gigabytes is not kept twice.
            let fetch = PrefixMirror(store: try await options.access().bucketStore(bucket), prefix: prefix)
            let (count, bytes) = try await fetch.run(into: directory, progress: progress)
            return PulledModel(source: "\(reference)", revision: nil, files: count, bytes: bytes)
        case .named:
            var access = try options.access()
            // What is pulled here are models; the default of the registry's commands is adapters.
            if access.kind == .lora { access.kind = .models }
            let pulled = try await access.resolver().pull(reference, into: directory, progress: progress)
            let files = try Checkout.files(in: directory)
            return PulledModel(
                source: pulled.source ?? "",
                revision: pulled.digest,
                files: files.count,
                bytes: files.byteCount
            )
        case .local(let path): throw ValidationError("'\(path)' is on the local disk already")
        }
    }
}

private struct PulledModel: Encodable {
    let source: String
    let revision: String?
    let files: Int
    let bytes: Int
}
