// SPDX-License-Identifier: Apache-2.0

public import Foundation
import NIOCore
public import ObjectStore

extension Registry {
    /// A version of a file of the flat view, as the store itself keeps it.
    public struct ObjectVersion: Sendable, Hashable {
        /// The file.
        public let path: String
        /// The store's name for the version.
        public let version: VersionID
        /// Whether a plain read finds this one.
        public let isLatest: Bool
        /// Whether it marks a deletion.
        public let isDeleteMarker: Bool
        /// The size in bytes.
        public let size: Int
        /// When it was written.
        public let lastModified: Date?
    }

    /// The versions that the store itself keeps of the files in a name's flat view, the newest of each file first.
    ///
    /// - Throws: `RegistryError` of kind `.unsupported` when the bucket keeps none.
    public func objectHistory(of name: RegistryName) async throws -> [ObjectVersion] {
        if try await store.versioning() == .off {
            throw RegistryError(
                .unsupported,
                "\(store.location) keeps no object versions; switch versioning on. The registry's own versions: registry versions \(name)"
            )
        }
        let prefix = layout.flatPrefix(name)
        var found: [ObjectVersion] = []
        var marker: VersionListOptions.Marker?
        repeat {
            let page = try await store.listVersions(VersionListOptions(prefix: prefix, marker: marker))
            for version in page.versions where version.key.hasPrefix(prefix) {
                found.append(
                    ObjectVersion(
                        path: String(version.key.dropFirst(prefix.count)),
                        version: version.version,
                        isLatest: version.isLatest,
                        isDeleteMarker: version.isDeleteMarker,
                        size: version.size,
                        lastModified: version.lastModified
                    )
                )
            }
            marker = page.marker
        } while marker != nil
        return found
    }

    /// Writes one object version of a file of the flat view into a local file.
    public func fetchObject(
        _ path: String,
        of name: RegistryName,
        version: VersionID,
        to destination: String
    ) async throws {
        let key = try layout.flatKey(name, path)
        let temporary = destination + ".tmp-" + configuration.environment.token()
        let body = try await store.get(key, GetOptions(version: version))
        do {
            let file = try await FileThreads.run { try LocalFile(temporary, .createNew) }
            var position = 0
            for try await chunk in body.bytes {
                let offset = position
                try await FileThreads.run { try file.write(chunk, at: offset) }
                position += chunk.readableBytes
            }
            try await FileThreads.run {
                try file.synchronize()
                try LocalDirectory.rename(temporary, to: destination)
            }
        } catch {
            // The cause is what the caller needs to know.
            try? LocalDirectory.remove(temporary)
            throw error
        }
    }

    /// Makes an object version of a file of the flat view the one that plain reads find.
    ///
    /// The log does not change: `doctor` will say so, and can adopt or repair it.
    public func restoreObject(_ path: String, of name: RegistryName, version: VersionID) async throws {
        _ = try await store.restore(layout.flatKey(name, path), version: version)
    }
}
