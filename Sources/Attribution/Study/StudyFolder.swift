// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Where a study keeps what it has finished.
///
/// Each unit leaves a mark when it is done, written in one step behind its results, with the fingerprint of what it was made
/// from: who starts the study again takes what is finished, however the last run ended. A unit is worked on under a lock that
/// the system takes away when its process ends, in whatever way, so that several processes, also those of a run that was
/// thought dead, never do the same.
package struct StudyFolder: Sendable, Equatable {
    /// The folder.
    package let root: String

    /// A study's folder, which need not exist.
    package init(root: String) {
        var root = root
        while root.count > 1, root.hasSuffix("/") { root.removeLast() }
        self.root = root
    }

    /// The folder of a training.
    package func training(_ adapter: StudiedAdapter) -> String { "\(root)/trainings/\(adapter.name)" }

    /// The folder with the list of a training's songs.
    package func dataset(_ adapter: StudiedAdapter) -> String { "\(root)/datasets/\(adapter.name)" }

    /// The file of a prompt's trajectories under the adapter of everything.
    package func trajectories(prompt: Int) -> String { "\(root)/trajectories/prompt-\(prompt + 1).safetensors" }

    /// The path of the study's results, without their extension.
    package var results: String { root + "/attribution" }

    private func mark(_ unit: StudyUnit) -> String { "\(root)/finished/\(unit.name).json" }

    private func lock(_ unit: StudyUnit) -> String { "\(root)/locks/\(unit.name).lock" }

    // MARK: Marks

    /// What a finished unit leaves.
    package struct Mark: Sendable, Equatable, Codable {
        /// What the unit was made from.
        package var fingerprint: String
        /// Seconds that it took.
        package var seconds: Double
        /// What a comparison found, seed by seed.
        package var results: [TrajectoryDistance.Result]?
        /// The numbers that a reference was generated with.
        package var parameters: [String: Double]?

        /// A mark.
        package init(
            fingerprint: String,
            seconds: Double,
            results: [TrajectoryDistance.Result]? = nil,
            parameters: [String: Double]? = nil
        ) {
            (self.fingerprint, self.seconds, self.results, self.parameters) = (
                fingerprint, seconds, results, parameters
            )
        }
    }

    /// The mark of a unit.
    ///
    /// - Parameters:
    ///   - unit: the unit.
    ///   - fingerprint: what it would be made from now.
    /// - Returns: nil if it is not finished.
    /// - Throws: ``AttributionError/stale(unit:path:)`` if it is finished with another fingerprint, ``AttributionError/file(path:reason:)``
    ///   if its mark cannot be read.
    package func mark(of unit: StudyUnit, fingerprint: String) throws(AttributionError) -> Mark? {
        let path = mark(unit)
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        guard let mark = try? JSONDecoder().decode(Mark.self, from: data) else {
            throw .file(path: path, reason: "it is no mark of a finished unit; delete it, and the unit is done again")
        }
        guard mark.fingerprint == fingerprint else { throw .stale(unit: unit.name, path: root) }
        return mark
    }

    /// Marks a unit as finished; its results lie where they belong.
    ///
    /// - Parameters:
    ///   - unit: the unit.
    ///   - mark: what there is to know.
    /// - Throws: ``AttributionError/file(path:reason:)``.
    package func finish(_ unit: StudyUnit, _ mark: Mark) throws(AttributionError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let path = self.mark(unit)
        do {
            try write(encoder.encode(mark), to: path)
        } catch {
            throw .file(path: path, reason: "it cannot be written: \(error.localizedDescription)")
        }
    }

    /// Forgets that a unit was finished, and removes a training's folder.
    ///
    /// - Parameter unit: the unit.
    /// - Throws: ``AttributionError/file(path:reason:)``.
    package func forget(_ unit: StudyUnit) throws(AttributionError) {
        var paths = [mark(unit)]
        if case .training(let adapter) = unit { paths += [training(adapter), begun(adapter)] }
        for path in paths where FileManager.default.fileExists(atPath: path) {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                throw .file(path: path, reason: "it cannot be removed: \(error.localizedDescription)")
            }
        }
    }

    private func begun(_ adapter: StudiedAdapter) -> String { "\(root)/finished/training-\(adapter.name).begun" }

    /// Notes what a training is made from before it begins, so that no other goes on with its state.
    ///
    /// - Parameters:
    ///   - adapter: what is trained.
    ///   - fingerprint: what it is made from.
    /// - Throws: ``AttributionError/stale(unit:path:)`` if its folder holds the state of another, ``AttributionError/file(path:reason:)``.
    package func begin(_ adapter: StudiedAdapter, fingerprint: String) throws(AttributionError) {
        let path = begun(adapter)
        if let data = FileManager.default.contents(atPath: path) {
            guard String(decoding: data, as: UTF8.self) == fingerprint else {
                throw .stale(unit: StudyUnit.training(adapter).name, path: root)
            }
            return
        }
        do {
            try write(Data(fingerprint.utf8), to: path)
        } catch {
            throw .file(path: path, reason: "it cannot be written: \(error.localizedDescription)")
        }
    }

    /// Writes a file whole or not at all, and the folders above it.
    private func write(_ data: Data, to path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url, options: .atomic)
    }

    // MARK: Claims

    /// The right to work on a unit; it ends with the value, or with the process.
    package struct Claim: ~Copyable, Sendable {
        private let descriptor: Int32

        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

        deinit { close(descriptor) }

        /// Gives the unit back.
        package consuming func release() {}
    }

    /// Takes a unit, unless somebody works on it.
    ///
    /// - Parameter unit: the unit.
    /// - Returns: nil if somebody does.
    /// - Throws: ``AttributionError/file(path:reason:)``.
    package func claim(_ unit: StudyUnit) throws(AttributionError) -> Claim? {
        let path = lock(unit)
        do {
            try FileManager.default.createDirectory(atPath: root + "/locks", withIntermediateDirectories: true)
        } catch {
            throw .file(path: root, reason: "it cannot be written to: \(error.localizedDescription)")
        }
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .file(path: path, reason: "it cannot be opened: \(unsafe String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let reason = unsafe String(cString: strerror(errno))
            close(descriptor)
            if isHeld { return nil }
            throw .file(path: path, reason: "it cannot be locked: \(reason)")
        }
        return Claim(descriptor)
    }
}
