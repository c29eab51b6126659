// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import ObjectStore
import Registry

/// What is wrong with a world, as a sentence.
struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension World {
    /// The log as it is, read past the scheduler.
    func history() async throws -> LogHistory {
        try await Registry.over(base).history(of: Self.name)
    }

    /// What holds after every single request: an unbroken log without duplicates, and only whole versions in it.
    func checkStep(flatView: Bool = true) async throws {
        let history = try await history()
        let attempts = history.items.map(\.entry.id)
        if Set(attempts).count != attempts.count { throw Violation("an attempt is in the log twice: \(attempts)") }
        let contents = history.state.versions.filter(\.isLive).map(\.tree.content)
        if Set(contents).count != contents.count { throw Violation("the same content has two versions in use") }
        for version in history.state.versions where version.isLive {
            try await checkWhole(version, "version \(version.number)")
        }
        if flatView { try await checkFlatView(history) }
    }

    private func checkWhole(_ version: VersionRecord, _ what: String) async throws {
        let layout = try KeyLayout(kind: .lora)
        for file in version.tree.files {
            try await check(layout.treePrefix(Self.name, version.tree.id) + file.path, file, what)
        }
    }

    private func check(_ key: String, _ file: FileRecord, _ what: String) async throws {
        let bytes: [UInt8]
        do {
            bytes = try await base.read(ObjectKey(key)).bytes
        } catch {
            throw Violation("\(what): \(error)")
        }
        let hash = SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        if hash != file.sha256 { throw Violation("\(what): \(key) has other bytes") }
    }

    func manifest() async throws -> FlatManifest? {
        let key = try KeyLayout(kind: .lora).flatPrefix(Self.name) + KeyLayout.flatManifestName
        do {
            return try FlatManifest(try await base.read(ObjectKey(key)).bytes, from: key)
        } catch let error as ObjectStoreError where error.kind == .notFound {
            return nil
        }
    }

    /// A manifest that says complete is right.
    private func checkFlatView(_ history: LogHistory) async throws {
        guard let manifest = try await manifest(), manifest.state == .complete else { return }
        let prefix = try KeyLayout(kind: .lora).flatPrefix(Self.name)
        for file in manifest.files {
            try await check(prefix + file.path, file, "the flat view says complete at entry \(manifest.sequence), but")
        }
    }

    /// What holds when everyone has finished and nobody was killed: the flat view is the current version.
    func checkRest() async throws {
        try await checkStep()
        let history = try await history()
        guard let current = history.state.current, let version = history.state.version(current) else { return }
        guard let manifest = try await manifest(), manifest.state == .complete, manifest.digest == version.tree.digest,
            manifest.sequence == history.state.currentSequence
        else { throw Violation("the flat view is not that of version \(current)") }
        let prefix = try KeyLayout(kind: .lora).flatPrefix(Self.name)
        let wanted = Set(version.tree.files.map { prefix + $0.path } + [prefix + KeyLayout.flatManifestName])
        let found = Set(try await base.keys(prefix))
        if found != wanted {
            throw Violation("the flat view has \(found.symmetricDifference(wanted).sorted()) too many or too few")
        }
    }
}
