// SPDX-License-Identifier: Apache-2.0

import ObjectStore

extension ReferenceResolver {
    /// Puts what a reference means into a directory.
    ///
    /// - Returns: What it was; `path` is the directory.
    /// - Throws: `RegistryError`, `ObjectStoreError`; the directory is then as it was.
    public func pull(
        _ reference: Reference,
        into directory: String,
        progress: @escaping @Sendable (RegistryProgress) -> Void = { _ in }
    ) async throws -> ResolvedReference {
        if case .local(let path) = reference {
            throw RegistryError(.invalidReference, "'\(path)' is on the local disk already")
        }
        let resolved = try await resolve(reference, progress: progress)
        guard let digest = resolved.digest, let entry = try await cache.entry(String(digest.dropFirst(7))) else {
            throw RegistryError(.local, "'\(reference)' went from the cache while it was copied; pull again")
        }
        try await Checkout(entry, manifest: try await manifest(reference, resolved), to: directory).run()
        var pulled = ResolvedReference(reference: reference, name: resolved.name, path: directory)
        pulled.version = resolved.version
        pulled.digest = resolved.digest
        pulled.source = resolved.source
        pulled.aliases = resolved.aliases
        pulled.isOffline = resolved.isOffline
        pulled.warnings = resolved.warnings
        return pulled
    }

    /// What goes beside a version's files, as in a flat view, for checking them later.
    private func manifest(_ reference: Reference, _ resolved: ResolvedReference) async throws -> FlatManifest? {
        guard case .named(let name, _) = reference, let registry, let number = resolved.version else { return nil }
        guard let history = try await cache.history(of: name, kind: registry.kind, place: registry.place),
            let version = history.state.version(number)
        else { return nil }
        return FlatManifest(
            kind: registry.kind,
            name: name,
            sequence: version.sequence,
            version: version,
            state: .complete,
            owner: nil
        )
    }
}
