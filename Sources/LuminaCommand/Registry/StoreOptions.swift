// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Crypto
import Foundation
import ObjectStore
public import Registry

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
    var cacheSize = LocalCache.defaultByteCount >> 30

    @Flag(help: "Nobody else writes: accept a server without put-if-absent.")
    var singleWriter = false

    /// What the options say.
    func access() throws -> StoreAccess {
        guard cacheSize > 0, cacheSize < 1 << 30 else { throw ValidationError("--cache-size is a number of gigabytes") }
        return StoreAccess(
            url: store,
            kind: kind,
            endpointURL: endpointURL,
            region: region,
            profile: profile,
            cache: cache,
            cacheByteCount: cacheSize << 30,
            isSingleWriter: singleWriter
        )
    }

    /// The local cache.
    func localCache() throws -> LocalCache { try access().localCache() }

    /// The registry that the user named.
    ///
    /// - Throws: `ValidationError` when none was named.
    func registry(actor: String? = nil, signer: Curve25519.Signing.PrivateKey? = nil) async throws -> Registry {
        guard let registry = try await access().registry(actor: actor, signer: signer) else {
            throw ValidationError(
                "name a store: --store s3://BUCKET[/PREFIX] or --store file:///DIR, or set LUMINA_STORE"
            )
        }
        return registry
    }

    /// What turns references into files.
    func resolver(_ signatures: SignatureOptions? = nil) async throws -> ReferenceResolver {
        try await access().resolver(signatures?.policy() ?? .optional)
    }
}

/// Which signatures are asked for.
struct SignatureOptions: ParsableArguments {
    @Flag(help: "Accept only what a trusted key has signed.")
    var requireSigned = false

    @Option(
        name: [.customLong("trusted-keys"), .customLong("trusted-key")],
        help: ArgumentHelp(
            "A file with Ed25519 public keys to trust, PEM or one base64 a line; else $LUMINA_TRUSTED_KEYS. Repeatable.",
            valueName: "file"
        )
    )
    var trustedKeys: [String] = []

    func policy() throws -> SignaturePolicy {
        guard requireSigned else { return .optional }
        var files = trustedKeys
        if files.isEmpty, let file = StoreAccess.environment["LUMINA_TRUSTED_KEYS"], !file.isEmpty { files = [file] }
        if files.isEmpty {
            throw ValidationError("--require-signed wants --trusted-keys FILE, or LUMINA_TRUSTED_KEYS")
        }
        return .required(keys: try files.flatMap { try SigningKeys.publicKeys(KeyFile.text($0), from: $0) })
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

    /// Writes a new file.
    ///
    /// - Throws: `RegistryError` of kind `.local` when there is one: keys are never overwritten.
    static func create(_ text: String, at path: String, isSecret: Bool) throws {
        // Whose file it is is decided when it is made, not after somebody may have read it.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, isSecret ? 0o600 : 0o644)
        guard descriptor >= 0 else {
            let reason = errno == EEXIST ? "there is a file already" : unsafe String(cString: strerror(errno))
            throw RegistryError(.local, "'\(path)' cannot be made: \(reason)")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: Data(text.utf8))
    }
}

extension RegistryKind: ExpressibleByArgument {}
