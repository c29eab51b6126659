// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Crypto
import Foundation
import ObjectStore
import Registry

/// How to reach a store: what options say, else what the environment says.
struct StoreAccess: Sendable {
    /// `s3://BUCKET[/PREFIX]` or `file:///DIR`; nil takes `LUMINA_STORE`.
    var url: String?
    var kind = RegistryKind.lora
    var endpointURL: String?
    var region: String?
    var profile: String?
    /// Where fetched versions are kept; nil takes `LUMINA_CACHE`.
    var cache: String?
    var cacheByteCount = LocalCache.defaultByteCount
    var isSingleWriter = false

    static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// Where whatever is fetched is kept.
    func cacheDirectory() -> String {
        let base =
            Self.environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? NSHomeDirectory() + "/.cache"
        var directory = cache ?? Self.environment["LUMINA_CACHE"] ?? base + "/lumina"
        if !directory.hasPrefix("/") { directory = FileManager.default.currentDirectoryPath + "/" + directory }
        return directory
    }

    /// The local cache.
    func localCache() -> LocalCache {
        LocalCache(directory: cacheDirectory() + "/registry", maximumByteCount: cacheByteCount)
    }

    /// The registry; nil if nobody named one.
    func registry(actor: String? = nil, signer: Curve25519.Signing.PrivateKey? = nil) async throws -> Registry? {
        guard let url = url ?? Self.environment["LUMINA_STORE"], !url.isEmpty else { return nil }
        let (store, prefix) = try await open(url)
        var configuration = Registry.Configuration()
        configuration.actor = actor ?? Self.environment["USER"].flatMap { $0.isEmpty ? nil : $0 }
        configuration.signer = signer
        configuration.isSingleWriter = isSingleWriter
        configuration.journalDirectory = localCache().journalDirectory
        return Registry(store: store, layout: try KeyLayout(kind: kind, prefix: prefix), configuration: configuration)
    }

    private func open(_ url: String) async throws -> (any ObjectStore, prefix: String) {
        if url.hasPrefix("s3://") {
            let rest = url.dropFirst(5)
            let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let bucket = parts.first, !bucket.isEmpty else { throw ValidationError("'\(url)' names no bucket") }
            return (try await bucketStore(bucket), parts.count > 1 ? parts[1] : "")
        }
        if url.hasPrefix("file:///") { return (try DirectoryStore(path: String(url.dropFirst(7))), "") }
        throw ValidationError("'\(url)' is no store; write s3://BUCKET[/PREFIX] or file:///DIR")
    }

    /// A bucket with the user's keys and settings.
    func bucketStore(_ bucket: String) async throws -> S3Store {
        let (environment, home) = (Self.environment, NSHomeDirectory())
        var configuration = try await S3Store.Configuration.from(
            bucket: bucket,
            environment: environment,
            home: home,
            profile: profile
        )
        if let endpointURL { configuration.endpoint = try Endpoint(endpointURL) }
        if let region { configuration.region = region }
        let credentials = try CredentialChain(environment: environment, home: home, profile: profile)
        return try S3Store(configuration, credentials: credentials)
    }

    /// What turns references into files.
    func resolver(_ signatures: SignaturePolicy = .optional) async throws -> ReferenceResolver {
        let hub = try HubRepository.Configuration.from(environment: Self.environment)
        return ReferenceResolver(
            cache: localCache(),
            registry: try await registry(),
            openBucket: { try await bucketStore($0) },
            fetchFromHub: { try await HubFetch(configuration: hub).run($0, $1, $2, $3) },
            signatures: signatures
        )
    }
}
