// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import Registry
import Synchronization

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
        let files = repository.files.filter { !$0.path.lastComponent.hasPrefix(".") }
        let total = files.reduce(0) { $0 + ($1.size ?? 0) }
        let sum = FileSum()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let engine = TransferEngine()
        // The small ones first: what the configuration says is wrong is known before gigabytes have come.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, file) in files.sorted(by: { ($0.size ?? 0) < ($1.size ?? 0) }).enumerated() {
                if index >= Self.fileCount { try await group.next() }
                group.addTask {
                    try await repository.download(file, to: directory + "/" + file.path.text, with: engine) { part in
                        let done = sum.set(file.path, part.completedBytes)
                        progress(
                            RegistryProgress(.downloading, byteCount: min(done, total), totalByteCount: total)
                        )
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// How many files are under way at once; each in several ranges.
    private static let fileCount = 4
}

/// How far the files of a download are together.
private final class FileSum: Sendable {
    private let known = Mutex<[ObjectKey: Int]>([:])

    /// Notes how far a file is.
    ///
    /// - Returns: The bytes of all files so far.
    func set(_ file: ObjectKey, _ byteCount: Int) -> Int {
        known.withLock { known in
            known[file] = byteCount
            return known.values.reduce(0, +)
        }
    }
}
