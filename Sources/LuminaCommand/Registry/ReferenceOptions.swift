// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Engine
import Registry

/// Where references are looked up that are no local paths: for commands that use adapters rather than manage them.
struct ReferenceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The registry that names are looked up in: s3://BUCKET[/PREFIX] or file:///DIR; else $LUMINA_STORE.",
            valueName: "url"
        )
    )
    var store: String?

    @OptionGroup var signatures: SignatureOptions

    /// Finds what references mean and gets it onto the local disk; local paths stay as they are.
    func resolve(_ references: [AdapterReference], isQuiet: Bool) async throws -> [AdapterReference] {
        let found = try await find(references.map(\.reference), isQuiet: isQuiet)
        return zip(references, found).map { reference, resolved in
            guard let resolved else { return reference }
            var reference = reference
            reference.resolution = AdapterResolution(
                path: resolved.path,
                name: resolved.name,
                version: resolved.version,
                digest: resolved.digest
            )
            return reference
        }
    }

    /// The local paths of references.
    func paths(
        _ references: [String],
        kind: RegistryKind = .lora,
        isQuiet: Bool
    ) async throws -> [String] {
        zip(references, try await find(references, kind: kind, isQuiet: isQuiet)).map { $1?.path ?? $0 }
    }

    /// What references mean; nil for local paths, which whoever opens them says more about.
    private func find(
        _ texts: [String],
        kind: RegistryKind = .lora,
        isQuiet: Bool
    ) async throws -> [ResolvedReference?] {
        let references = try texts.map { try Reference($0) }
        if references.allSatisfy(\.isLocal) { return texts.map { _ in nil } }
        let resolver = try await StoreAccess(url: store, kind: kind).resolver(signatures.policy())
        let bar = TransferBar(isQuiet: isQuiet)
        let found = try await Interruption.cancelling {
            defer { bar.finish() }
            var found: [ResolvedReference?] = []
            for reference in references {
                found.append(reference.isLocal ? nil : try await resolver.resolve(reference) { bar.show($0) })
            }
            return found
        }
        RegistryOutput.warn(found.compactMap { $0 }.flatMap(\.warnings))
        return found
    }
}

extension Reference {
    /// Whether it is a path on this machine.
    fileprivate var isLocal: Bool {
        if case .local = self { true } else { false }
    }
}
