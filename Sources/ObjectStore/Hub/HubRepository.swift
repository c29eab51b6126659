// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1

/// One commit of a repository of a model hub, whose files can be downloaded like objects of a store.
public struct HubRepository: Sendable {
    /// Where the hub is, and who asks.
    public struct Configuration: Sendable {
        /// The hub; `HF_ENDPOINT`.
        public var endpoint: Endpoint
        /// The user's token, sent to the hub alone, never to where it redirects; `HF_TOKEN`.
        public var token: String?
        /// A PEM file with the certificates to trust instead of the system's.
        public var certificateAuthority: String?
        /// How long a connection may be silent.
        public var idleTimeout: Duration

        /// Names a hub.
        public init(
            endpoint: Endpoint = Endpoint(isSecure: true, host: "huggingface.co"),
            token: String? = nil,
            certificateAuthority: String? = nil,
            idleTimeout: Duration = .seconds(15)
        ) {
            self.endpoint = endpoint
            self.token = token
            self.certificateAuthority = certificateAuthority
            self.idleTimeout = idleTimeout
        }

        /// What the usual variables say: `HF_ENDPOINT`, `HF_TOKEN`.
        ///
        /// - Throws: `.invalidRequest` for an endpoint that is no URL.
        public static func from(environment: [String: String]) throws(ObjectStoreError) -> Configuration {
            var configuration = Configuration()
            if let url = environment["HF_ENDPOINT"], !url.isEmpty { configuration.endpoint = try Endpoint(url) }
            configuration.token = [environment["HF_TOKEN"], environment["HUGGING_FACE_HUB_TOKEN"]].compactMap { $0 }
                .first { !$0.isEmpty }
            return configuration
        }
    }

    /// A file of the commit.
    public struct File: Sendable, Hashable {
        /// Its path in the repository.
        public var path: ObjectKey
        /// Its size, where the hub tells.
        public var size: Int?
        /// Its SHA-256 in hexadecimal digits, for large files.
        public var sha256: String?
    }

    private struct Answer: Decodable {
        struct Large: Decodable {
            var sha256: String?
            var size: Int?
        }
        struct Sibling: Decodable {
            var rfilename: String
            var size: Int?
            var lfs: Large?
        }
        var sha: String?
        var siblings: [Sibling]?
    }

    /// What was asked for.
    public let reference: HubReference
    /// The commit that the revision means now.
    public let commit: String
    /// The files of the commit, by path.
    public let files: [File]
    private let client: HubClient

    /// Asks the hub what a reference means.
    ///
    /// - Parameters:
    ///   - reference: The repository.
    ///   - configuration: The hub.
    /// - Returns: The commit and its files.
    /// - Throws: `.notFound`, `.accessDenied` (a token is missing, or a licence is to be accepted), `.invalidKey` for a
    ///   path that would leave its directory.
    public static func open(_ reference: HubReference, _ configuration: Configuration) async throws -> HubRepository {
        let client = try HubClient(configuration, reference)
        let path =
            "/api/models/\(reference.owner)/\(reference.name)/revision/" + PercentEncoding.component(reference.revision)
        let body = try await TransferEngine().retrying { try await client.document(path + "?blobs=true") }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body.readableBytesView)),
            let commit = answer.sha,
            commit.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) }), !commit.isEmpty
        else { throw client.failure(.malformedResponse, "the hub's answer does not describe a repository") }
        let files = try (answer.siblings ?? []).map { sibling in
            File(
                path: try ObjectKey(sibling.rfilename),
                size: sibling.lfs?.size ?? sibling.size,
                sha256: sibling.lfs?.sha256
            )
        }
        if let (first, second) = ObjectKey.caseCollision(in: files.map(\.path)) {
            throw client.failure(.invalidKey, "'\(first)' and '\(second)' differ in case alone")
        }
        return HubRepository(
            reference: reference,
            commit: commit,
            files: files.sorted { $0.path < $1.path },
            client: client
        )
    }

    /// A file as a source for a `TransferEngine`.
    public func source(_ file: File) -> any RangeSource { HubFile(client: client, commit: commit, path: file.path) }

    /// Downloads files into a directory, the small ones first; each appears whole and verified or not at all.
    ///
    /// - Parameters:
    ///   - directory: Where to; files that are there with the right size and digest stay.
    ///   - engine: Does the transfers.
    ///   - isIncluded: Which files.
    ///   - progress: Gets how far all of them are.
    /// - Throws: What downloading one of them throws.
    public func download(
        to directory: String,
        with engine: TransferEngine,
        where isIncluded: @Sendable (File) -> Bool = { _ in true },
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws {
        let wanted = files.filter(isIncluded).sorted { ($0.size ?? 0) < ($1.size ?? 0) }
        let sizes = wanted.compactMap(\.size)
        let total = sizes.reduce(0, +)
        // Where the hub does not tell every size, the whole is what is known of so far.
        let meter = sizes.count == wanted.count ? ProgressMeter(ofAll: total, progress) : ProgressMeter(progress)
        _ = try await SideBySide.run(wanted, limit: 4) { file in
            try await download(file, to: directory + "/" + file.path.text, engine, meter)
        }
    }

    /// Downloads one file; it appears whole and verified or not at all.
    ///
    /// - Parameters:
    ///   - file: Which.
    ///   - path: Where to; a file that is there with the right size and digest stays.
    ///   - engine: Does the transfer.
    ///   - progress: Gets how far it is.
    /// - Throws: What the transfer throws.
    public func download(
        _ file: File,
        to path: String,
        with engine: TransferEngine,
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws {
        try await download(file, to: path, engine, ProgressMeter(progress))
    }

    private func download(
        _ file: File,
        to path: String,
        _ engine: TransferEngine,
        _ meter: ProgressMeter
    ) async throws {
        if let size = file.size, let digest = file.sha256,
            try await LocalDigest.matches(path, size: size, sha256: digest)
        {
            meter.expect(size)
            return meter.add(size, isTransferred: false)
        }
        let expected = ExpectedContent(size: file.size, sha256: file.sha256)
        _ = try await engine.download(source(file), path, expected, flushesDirectory: true) {
            ProgressMeter(partOf: meter)
        }
    }
}

/// Digests of files that are there already.
package enum LocalDigest {
    /// Whether a file has this size and SHA-256.
    package static func matches(_ path: String, size: Int, sha256: String) async throws -> Bool {
        try await FileThreads.run {
            guard let status = try LocalDirectory.status(path), status.kind == .file, status.size == size else {
                return false
            }
            let file = try LocalFile(path, .read)
            var hasher = ChecksumHasher(.sha256)
            var offset = 0
            while offset < size {
                let bytes = try file.read(at: offset, count: 1 << 20)
                if bytes.readableBytes == 0 { return false }
                hasher.update(bytes)
                offset += bytes.readableBytes
            }
            return Hexadecimal.encode(hasher.finalBytes) == sha256.lowercased()
        }
    }
}
