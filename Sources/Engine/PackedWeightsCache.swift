// SPDX-License-Identifier: Apache-2.0

import ACEStep
import FoundationEssentials
import Layers
import Torch

/// Quantised weights on disk, so that a checkpoint is packed for a processor once and mapped from then on.
///
/// A file belongs to the checkpoint's files as they are (path, size, time of change), to the processor and to the release of
/// libtorch, all of which it names; for another one of them there is another file. Those that were not used for
/// longest make room.
package struct PackedWeightsCache: Sendable, Equatable {
    /// Where the files lie.
    package var directory: String
    /// Most bytes that they may take together; the latest one stays whatever it takes.
    package var limit = 10 << 30
    /// Weights that take fewer bytes are packed faster than a user notices, and not kept.
    package var smallest = 128 << 20

    /// The cache in a directory; nil takes the usual one.
    package init(directory: String? = nil) {
        self.directory = directory ?? CacheDirectory.path + "/packed"
    }

    private static let suffix = ".packed.safetensors"
    private static let originKey = "packed_from"
    /// Raised when other projections are quantised, or in another way.
    private static let revision = 1

    /// The weights of a checkpoint that were packed before.
    ///
    /// A file that is damaged, or of something else that happens to have the same name, is removed.
    ///
    /// - Parameter files: the checkpoint's.
    /// - Returns: nil if it has to be packed.
    func weights(of files: ModelFiles) -> PackedWeights? {
        guard let origin = try? Self.origin(of: files) else { return nil }  // said by whoever loads the checkpoint
        let path = path(name: files.name, origin: origin)
        let manager = FileManager.default
        guard manager.fileExists(atPath: path) else { return nil }
        guard let weights = try? PackedWeights(path: path), weights.metadata[Self.originKey] == origin else {
            try? manager.removeItem(atPath: path)  // it is written anew, which says what is wrong with the disk
            return nil
        }
        try? manager.setAttributes([.modificationDate: Date()], ofItemAtPath: path)  // only orders the files by use
        return weights
    }

    /// Keeps what a model has just packed, if that is worth it.
    ///
    /// - Parameter model: a model whose weights are quantised for the processor.
    /// - Returns: whether a file was written.
    /// - Throws: `CheckpointError` or a Foundation error if it cannot be written.
    @discardableResult
    func keep(_ model: MusicModel) throws -> Bool {
        let products = model.projections.paths.compactMap { model.projections[$0]?.product as? QuantizedProduct }
        let byteCount = products.reduce(0) { $0 + $1.inputFeatures * $1.outputFeatures }
        guard !products.isEmpty, byteCount >= smallest else { return false }
        let origin = try Self.origin(of: model.files)
        let path = path(name: model.files.name, origin: origin)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try PackedWeights.write(model.projections, to: path, metadata: [Self.originKey: origin])
        try makeRoom(besides: path)
        return true
    }

    private func path(name: String, origin: String) -> String {
        // FNV-1a tells a handful of files apart; what they are of is in the file.
        let hash = origin.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return "\(directory)/\(name)-\(String(hash, radix: 16))\(Self.suffix)"
    }

    /// Everything that packed weights depend on.
    private static func origin(of files: ModelFiles) throws -> String {
        let sources = try MusicModel.transformerPaths(of: files).map { path in
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let byteCount = attributes[.size] as? UInt64 ?? 0
            let modified = (attributes[.modificationDate] as? Date)?.timeIntervalSinceReferenceDate ?? 0
            let whole = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
            return "\(whole) \(byteCount) \(modified)"
        }
        let processor = try TorchRuntime.cpuFeatures.sorted().joined(separator: " ")
        return ["\(revision)", try TorchRuntime.version, processor].joined(separator: "\n") + "\n"
            + sources.joined(separator: "\n")
    }

    /// Removes those used longest ago until the rest fits, and what killed processes left behind.
    private func makeRoom(besides kept: String) throws {
        let manager = FileManager.default
        var entries: [(path: String, byteCount: Int, used: Date)] = []
        for name in try manager.contentsOfDirectory(atPath: directory) {
            let path = directory + "/" + name
            guard let attributes = try? manager.attributesOfItem(atPath: path),  // removed by another process
                let byteCount = attributes[.size] as? UInt64, let used = attributes[.modificationDate] as? Date
            else { continue }
            if name.hasSuffix(".partial"), used.timeIntervalSinceNow < -Self.longestWriting {
                try manager.removeItem(atPath: path)
            } else if name.hasSuffix(Self.suffix) {
                entries.append((path, Int(byteCount), used))
            }
        }
        var total = entries.reduce(0) { $0 + $1.byteCount }
        for entry in entries.sorted(by: { $0.used < $1.used }) where total > limit && entry.path != kept {
            try manager.removeItem(atPath: entry.path)
            total -= entry.byteCount
        }
    }

    /// Seconds after which a half-written file is nobody's.
    private static let longestWriting = 3600.0
}
