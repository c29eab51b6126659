// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Crypto
import Foundation
import ObjectStore
import Registry

/// Which store, and how to reach it.
struct StoreOptions: ParsableArguments {
    @Option(help: ArgumentHelp("s3://BUCKET[/PREFIX] or file:///DIR; else $LUMINA_STORE.", valueName: "url"))
    var store: String?

    @Option(help: ArgumentHelp("What the names name: lora, models or datasets.", valueName: "kind"))
    var kind: RegistryKind = .lora

    @Option(help: ArgumentHelp("The S3 server, if not Amazon's; else $AWS_ENDPOINT_URL_S3.", valueName: "url"))
    var endpointURL: String?

    @Option(help: ArgumentHelp("The bucket's region; found out if not given.", valueName: "name"))
    var region: String?

    @Option(help: ArgumentHelp("The profile in ~/.aws to use.", valueName: "name"))
    var profile: String?

    @Option(
        help: ArgumentHelp("Where fetched versions are kept; else $LUMINA_CACHE or ~/.cache/lumina.", valueName: "dir")
    )
    var cache: String?

    @Option(help: ArgumentHelp("The most gigabytes to keep there.", valueName: "gb"))
    var cacheSize: Int = 50

    @Flag(help: "Nobody else writes: accept a server without put-if-absent.")
    var singleWriter = false

    static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// The local cache.
    func localCache() throws -> LocalCache {
        guard cacheSize > 0, cacheSize < 1 << 30 else { throw ValidationError("--cache-size is a number of gigabytes") }
        let base =
            Self.environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? NSHomeDirectory() + "/.cache"
        var directory = cache ?? Self.environment["LUMINA_CACHE"] ?? base + "/lumina"
        if !directory.hasPrefix("/") { directory = FileManager.default.currentDirectoryPath + "/" + directory }
        return LocalCache(directory: directory + "/registry", maximumByteCount: cacheSize << 30)
    }

    /// The registry that the user named.
    ///
    /// - Throws: `ValidationError` when none was named.
    func registry(actor: String? = nil, signer: Curve25519.Signing.PrivateKey? = nil) async throws -> Registry {
        guard let registry = try await registryIfNamed(actor: actor, signer: signer) else {
            throw ValidationError(
                "name a store: --store s3://BUCKET[/PREFIX] or --store file:///DIR, or set LUMINA_STORE"
            )
        }
        return registry
    }

    /// The registry, if the user named one.
    func registryIfNamed(actor: String? = nil, signer: Curve25519.Signing.PrivateKey? = nil) async throws -> Registry? {
        guard let url = store ?? Self.environment["LUMINA_STORE"], !url.isEmpty else { return nil }
        let (store, prefix) = try await open(url)
        var configuration = Registry.Configuration()
        configuration.actor = actor ?? Self.environment["USER"].flatMap { $0.isEmpty ? nil : $0 }
        configuration.signer = signer
        configuration.isSingleWriter = singleWriter
        configuration.journalDirectory = try localCache().journalDirectory
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
    func resolver(_ signatures: SignatureOptions? = nil) async throws -> ReferenceResolver {
        let hub = try HubRepository.Configuration.from(environment: Self.environment)
        return ReferenceResolver(
            cache: try localCache(),
            registry: try await registryIfNamed(),
            openBucket: { try await bucketStore($0) },
            fetchFromHub: { try await HubFetch(configuration: hub).run($0, $1, $2, $3) },
            signatures: try signatures?.policy() ?? .optional
        )
    }
}

/// Which signatures are asked for.
struct SignatureOptions: ParsableArguments {
    @Flag(help: "Accept only what a trusted key has signed.")
    var requireSigned = false

    @Option(
        name: .customLong("trusted-key"),
        help: ArgumentHelp("A file with an Ed25519 public key. Repeatable.", valueName: "pem")
    )
    var trustedKeys: [String] = []

    func policy() throws -> SignaturePolicy {
        guard requireSigned else { return .optional }
        if trustedKeys.isEmpty { throw ValidationError("--require-signed wants --trusted-key FILE") }
        return .required(keys: try trustedKeys.map { try SigningKeys.publicKey(KeyFile.text($0)) })
    }
}

/// Files with keys.
enum KeyFile {
    /// The text of a small file.
    static func text(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path), data.count < 65_536 else {
            throw RegistryError(.local, "the key file '\(path)' cannot be read")
        }
        return String(decoding: data, as: UTF8.self)
    }
}

extension RegistryKind: ExpressibleByArgument {}
