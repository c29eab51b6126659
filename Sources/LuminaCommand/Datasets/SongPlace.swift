// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets
import Foundation
import ObjectStore
import Registry

/// Where songs are on this machine, and what that is a copy of.
struct SongPlace: Sendable {
    /// The folder of songs; nil where a list says where they are.
    var folder: String?
    /// What the folder is a copy of; nil where it is none.
    var source: String?
    /// The list of songs; nil where the folder says everything.
    var list: String?

    /// The songs.
    func songs() throws -> SongList { try SongList(folder: folder, list: list) }
}

extension ReferenceOptions {
    /// Gets songs onto this machine: from a bucket what has changed since the last time, a data set of the registry as a whole.
    ///
    /// - Parameters:
    ///   - folder: a folder, `s3://BUCKET/PREFIX` or a name of the registry.
    ///   - list: a file with a list of songs, which may be in the bucket too.
    ///   - isQuiet: show no progress.
    /// - Returns: where they are then.
    /// - Throws: `RegistryError`, `ObjectStoreError`, `CancellationError`.
    func songs(folder: String?, list: String?, isQuiet: Bool) async throws -> SongPlace {
        guard let list, list.hasPrefix("s3://") else {
            guard let folder else { return SongPlace(list: list) }
            return try await songs(folder: folder, list: list, isQuiet: isQuiet)
        }
        let place = SongPath(list)
        guard let folder else {
            return try await songs(folder: place.folder, namedList: place.name, isQuiet: isQuiet)
        }
        let (found, file) = (
            try await songs(folder: folder, list: nil, isQuiet: isQuiet), try await paths([list], isQuiet: isQuiet)
        )
        return SongPlace(folder: found.folder, source: found.source, list: file.first)
    }

    private func songs(folder: String, list: String?, isQuiet: Bool) async throws -> SongPlace {
        switch try Reference(folder) {
        case .local(let path): return SongPlace(folder: path, list: list)
        case .objects(let bucket, let prefix):
            let copy = BucketCopy(access: StoreAccess(url: store), bucket: bucket, prefix: prefix, kind: "songs")
            try await copy.download(isQuiet: isQuiet, isIncluded: AudioFolder.belongs)
            return SongPlace(
                folder: copy.directory,
                source: "s3://\(bucket)" + (prefix.isEmpty ? "" : "/" + prefix),
                list: list
            )
        case .named, .hub:
            let path = try await paths([folder], kind: .datasets, isQuiet: isQuiet).first ?? folder
            return SongPlace(folder: path, source: folder, list: list)
        }
    }

    private func songs(folder: String, namedList name: String, isQuiet: Bool) async throws -> SongPlace {
        var place = try await songs(folder: folder, list: nil, isQuiet: isQuiet)
        place.list = place.folder.map { $0 + "/" + name }
        return place
    }
}

/// What lies below a prefix of a bucket, kept beside the cache between runs.
struct BucketCopy: Sendable {
    let access: StoreAccess
    let bucket: String
    let prefix: String
    /// What is kept, such as `songs`.
    let kind: String
    /// Where it is kept.
    let directory: String

    /// Names a prefix; nothing is fetched.
    init(access: StoreAccess, bucket: String, prefix: String, kind: String) {
        self.access = access
        self.bucket = bucket
        self.prefix = prefix
        self.kind = kind
        let server =
            access.endpointURL ?? StoreAccess.environment["AWS_ENDPOINT_URL_S3"]
            ?? StoreAccess.environment["AWS_ENDPOINT_URL"] ?? ""
        directory = access.cacheDirectory() + "/\(kind)/" + Self.name("\(server) s3://\(bucket)/\(prefix)")
    }

    /// A readable name, different for each place.
    private static func name(_ place: String) -> String {
        let hash = place.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let readable = place.suffix(40).map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return String(readable) + "-" + String(hash, radix: 16)
    }

    /// Makes the directory what the bucket has; what has not changed is not fetched again.
    ///
    /// - Parameters:
    ///   - isQuiet: show no progress.
    ///   - mayBeEmpty: whether a prefix with nothing below it is a place to begin at.
    ///   - isIncluded: which files take part.
    /// - Throws: `RegistryError` of kind `.notFound` where there is nothing, what the store throws.
    func download(
        isQuiet: Bool,
        mayBeEmpty: Bool = false,
        isIncluded: @escaping @Sendable (String) -> Bool
    ) async throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let options = TreeOptions(
            deletesOthers: !mayBeEmpty,
            index: mayBeEmpty ? nil : directory + ".json",
            isIncluded: isIncluded
        )
        let done = try await transfer(isQuiet, .downloading) { store, engine, progress in
            try await engine.downloadTree(store, prefix: prefix, to: directory, options, progress: progress)
        }
        guard mayBeEmpty || !(done.transferred.isEmpty && done.unchanged.isEmpty) else {
            throw RegistryError(.notFound, "there are no songs below s3://\(bucket)/\(prefix)")
        }
    }

    /// Makes the bucket have what the directory has.
    ///
    /// - Parameters:
    ///   - isQuiet: show no progress.
    ///   - isIncluded: which files take part.
    /// - Throws: what the store throws.
    func upload(isQuiet: Bool, isIncluded: @escaping @Sendable (String) -> Bool) async throws {
        _ = try await transfer(isQuiet, .uploading) { store, engine, progress in
            let options = TreeOptions(isIncluded: isIncluded)
            return try await engine.uploadTree(directory, to: store, prefix: prefix, options, progress: progress)
        }
    }

    private func transfer(
        _ isQuiet: Bool,
        _ phase: RegistryProgress.Phase,
        _ work:
            @escaping @Sendable (any ObjectStore, TransferEngine, @escaping @Sendable (TransferProgress) -> Void)
            async throws
            -> TreeTransferred
    ) async throws -> TreeTransferred {
        let store = try await access.bucketStore(bucket)
        let bar = TransferBar(isQuiet: isQuiet)
        return try await Interruption.cancelling {
            defer { bar.finish() }
            return try await work(store, TransferEngine()) { progress in
                bar.show(
                    RegistryProgress(
                        phase,
                        byteCount: progress.completedBytes,
                        totalByteCount: progress.totalBytes ?? 0
                    )
                )
            }
        }
    }
}
