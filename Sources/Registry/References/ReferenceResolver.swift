// SPDX-License-Identifier: Apache-2.0

import Foundation
public import ObjectStore

/// Turns references into files on the local disk: the one place that knows what they mean.
///
/// ```swift
/// let resolver = ReferenceResolver(cache: cache, registry: registry, openBucket: { try store(for: $0) })
/// let adapter = try await resolver.resolve(Reference("multi-style-gen-c@prod"))
/// print(adapter.path, adapter.version ?? 0, adapter.digest ?? "")
/// ```
public struct ReferenceResolver: Sendable {
    /// Opens a bucket that a reference names.
    public typealias BucketOpener = @Sendable (_ bucket: String) async throws -> any ObjectStore
    /// Fetches a repository of a model hub, and says where its files are.
    public typealias HubFetcher =
        @Sendable (
            _ repository: String, _ revision: String?, _ cache: LocalCache,
            _ progress: @escaping @Sendable (RegistryProgress) -> Void
        ) async throws -> (path: String, digest: String?)

    /// Where files are kept.
    public let cache: LocalCache
    /// What names mean; without it they are an error that says how to name a store.
    public let registry: Registry?
    let openBucket: BucketOpener?
    let fetchFromHub: HubFetcher?
    let signatures: SignaturePolicy

    /// Puts a resolver together.
    public init(
        cache: LocalCache,
        registry: Registry?,
        openBucket: BucketOpener? = nil,
        fetchFromHub: HubFetcher? = nil,
        signatures: SignaturePolicy = .optional
    ) {
        self.cache = cache
        self.registry = registry
        self.openBucket = openBucket
        self.fetchFromHub = fetchFromHub
        self.signatures = signatures
    }

    /// Finds what a reference means and gets it onto the local disk.
    ///
    /// - Throws: `RegistryError`, `ObjectStoreError`.
    public func resolve(
        _ reference: Reference,
        progress: @escaping @Sendable (RegistryProgress) -> Void = { _ in }
    ) async throws -> ResolvedReference {
        switch reference {
        case .local(let path): return try local(reference, path)
        case .named(let name, let selector): return try await named(reference, name, selector, progress)
        case .objects(let bucket, let prefix):
            guard let openBucket else {
                throw RegistryError(.invalidReference, "'\(reference)': buckets cannot be read here")
            }
            let store = try await openBucket(bucket)
            let fetch = PrefixFetch(
                store: store,
                cache: cache,
                concurrency: 8,
                engine: registry?.engine ?? TransferEngine()
            )
            return try await fetch.resolve(reference, prefix: prefix, progress)
        case .hub(let repository, let revision):
            guard let fetchFromHub else {
                throw RegistryError(.invalidReference, "'\(reference)': model hubs cannot be read here")
            }
            let found = try await fetchFromHub(repository, revision, cache, progress)
            var resolved = ResolvedReference(
                reference: reference,
                name: Self.lastComponent(repository),
                path: found.path
            )
            resolved.digest = found.digest
            resolved.source = reference.description
            return resolved
        }
    }

    private func local(_ reference: Reference, _ path: String) throws -> ResolvedReference {
        var path = path
        if path == "~" || path.hasPrefix("~/") { path = NSHomeDirectory() + path.dropFirst(1) }
        while path.utf8.count > 1 && path.hasSuffix("/") { path.removeLast() }
        guard FileManager.default.fileExists(atPath: path) else {
            throw RegistryError(.notFound, "there is nothing at '\(Printable.text(path))'")
        }
        return ResolvedReference(reference: reference, name: Self.lastComponent(path), path: path)
    }

    static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    // MARK: Names

    private func named(
        _ reference: Reference,
        _ name: RegistryName,
        _ selector: Selector,
        _ progress: @escaping @Sendable (RegistryProgress) -> Void
    ) async throws -> ResolvedReference {
        guard let registry else {
            throw RegistryError(
                .invalidReference,
                "'\(reference)' is no local path, and no registry was named: pass --store s3://BUCKET (or file:///DIR), or set LUMINA_STORE"
            )
        }
        let place = registry.place
        if let history = try await cache.history(of: name, kind: registry.kind, place: place) {
            registry.adopt(history)
        }
        do {
            let (version, history) = try await registry.version(selector, of: name)
            await cache.keep(history, place: place)
            try signatures.check(version, selector, in: history)
            let entry = try await registry.fetch(version, of: name, into: cache, progress: progress)
            return resolved(reference, name, version, history, entry, registry)
        } catch let error as ObjectStoreError where error.isOutage {
            return try await offline(reference, name, selector, registry, error)
        }
    }

    private func resolved(
        _ reference: Reference,
        _ name: RegistryName,
        _ version: VersionRecord,
        _ history: LogHistory,
        _ entry: LocalCache.Entry,
        _ registry: Registry
    ) -> ResolvedReference {
        var resolved = ResolvedReference(reference: reference, name: name.text, path: entry.directory)
        resolved.version = version.number
        resolved.digest = "sha256:" + version.tree.digest
        resolved.source = registry.store.location + "/" + registry.layout.treePrefix(name, version.tree.id)
        resolved.aliases = history.state.aliases(of: version.number)
        if let retired = version.retired {
            resolved.warnings.append("version \(version.number) of '\(name)' was retired on \(retired)")
        }
        return resolved
    }

    private func offline(
        _ reference: Reference,
        _ name: RegistryName,
        _ selector: Selector,
        _ registry: Registry,
        _ failure: ObjectStoreError
    ) async throws -> ResolvedReference {
        guard let history = try await cache.history(of: name, kind: registry.kind, place: registry.place) else {
            throw RegistryError(.offline, "\(failure). Nothing is known of '\(name)' here: it was never fetched")
        }
        let version = try selector.version(in: history)
        try signatures.check(version, selector, in: history)
        guard let entry = try await cache.entry(version.tree.digest) else {
            throw RegistryError(
                .offline,
                "\(failure). Version \(version.number) of '\(name)' is not in the local cache"
            )
        }
        var resolved = resolved(reference, name, version, history, entry, registry)
        resolved.isOffline = true
        resolved.warnings.append("the store cannot be reached; this is '\(reference)' as last seen")
        return resolved
    }
}

extension Registry {
    /// The registry's own place, for what is kept locally about it.
    public var place: String { store.location + "/" + layout.prefix }
}

extension ObjectStoreError {
    /// Whether the store could not be asked at all.
    package var isOutage: Bool {
        [.connectionFailed, .timedOut, .serverFailure, .throttled, .invalidCredentials, .expiredCredentials].contains(
            kind
        )
    }
}
