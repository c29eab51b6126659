// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import Registry

/// Fetches repositories of a model hub into the local cache.
struct HubFetch: Sendable {
    let configuration: HubRepository.Configuration

    /// - Returns: The directory with the files; the commit is part of its path.
    func run(
        _ repository: String,
        _ revision: String?,
        _ cache: LocalCache,
        _ progress: @escaping @Sendable (RegistryProgress) -> Void
    ) async throws -> (path: String, digest: String?) {
        let reference = try HubReference("hf://" + repository + (revision.map { "@" + $0 } ?? ""))
        let found = try await HubRepository.open(reference, configuration)
        let directory = "\(cache.directory)/hub/\(reference.owner)/\(reference.name)/\(found.commit)"
        try await download(found, to: directory, progress)
        return (directory, nil)
    }

    /// Downloads a repository's files; those that are there and right stay.
    func download(
        _ repository: HubRepository,
        to directory: String,
        _ progress: @escaping @Sendable (RegistryProgress) -> Void
    ) async throws {
        let total = repository.files.reduce(0) { $0 + ($1.size ?? 0) }
        let sum = ByteSum()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try await repository.download(
            to: directory,
            with: TransferEngine(),
            where: { !$0.path.lastComponent.hasPrefix(".") },
            progress: { part in
                let done = min(sum.update(part), total)
                progress(RegistryProgress(.downloading, byteCount: done, totalByteCount: total))
            }
        )
    }
}
