// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import FoundationEssentials
import Layers
import Torch

/// Bakes a blend into a copy of a checkpoint.
///
/// Shards are written one tensor at a time, so that memory stays at a layer whatever the checkpoint's size. Files that do
/// not change are hard links where the file system allows, else copies.
public struct CheckpointMerge {
    /// What was written.
    public struct Report: Sendable, Equatable, Encodable {
        /// The new checkpoint's directory.
        public let output: String
        /// The tensors that changed.
        public let changedTensors: Int
        /// Bytes of the files that were written anew.
        public let writtenBytes: Int
        /// Files that were linked or copied.
        public let keptFiles: Int
    }

    private let blend: BlendedWeights
    private let files: [SafetensorsFile]
    private let note: String
    /// Called before each tensor with its position and their number.
    private let progress: (Int, Int) -> Void

    /// Prepares a merge.
    ///
    /// - Parameters:
    ///   - base: the base's decoder.
    ///   - adapters: the blend.
    ///   - progress: called before each tensor with its position and their number.
    /// - Throws: ``ConversionError`` if an adapter does not fit the base.
    public init(
        base: BaseWeights,
        adapters: [WeightedAdapter],
        progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws {
        blend = try BlendedWeights(base: base, adapters: adapters)
        files = base.store.files
        note = adapters.map { "\($0.description.name)=\($0.weight)" }.sorted().joined(separator: " ")
        self.progress = progress
    }

    /// Writes the checkpoint.
    ///
    /// - Parameters:
    ///   - trees: directories to take over, each with the name it has in `output`; one of them holds the decoder's files.
    ///   - output: a directory that does not exist, or is empty.
    /// - Returns: what was written.
    /// - Throws: ``ConversionError/output(path:reason:)``, and what reading and writing throw; nothing is left then.
    public func write(_ trees: [CheckpointTree], to output: String) throws -> Report {
        try FileTree.requireFree(output, besides: trees.map(\.source))
        let staging = output + ".partial"
        try? FileManager.default.removeItem(atPath: staging)  // left by a run that was killed
        defer { try? FileManager.default.removeItem(atPath: staging) }  // gone already when all went well
        let rewritten = Dictionary(files.map { (FileTree.identity($0.path), $0) }) { first, _ in first }
        let total = files.reduce(0) { $0 + $1.names.count }
        var (written, kept, position) = (0, 0, 0)
        for tree in trees {
            for entry in try FileTree.files(in: tree) {
                try Task.checkCancellation()
                let (from, to) = (FileTree.join(tree.source, entry), FileTree.join(staging, tree.name, entry))
                try FileTree.makeDirectory(AdapterLocation.parent(of: to))
                if let file = rewritten[FileTree.identity(from)] {
                    try rewrite(file, to: to) {
                        progress(position, total)
                        position += 1
                    }
                    written += try MappedFile(path: to).byteCount
                } else {
                    try FileTree.take(from, to: to)
                    kept += 1
                }
            }
        }
        try FileTree.rename(staging, to: output)
        return Report(output: output, changedTensors: blend.changedNames.count, writtenBytes: written, keptFiles: kept)
    }

    private func rewrite(_ file: SafetensorsFile, to path: String, _ step: () -> Void) throws {
        var metadata = file.metadata
        metadata["lumina.merged"] = note
        let tensors = file.names.compactMap { file.tensors[$0] }
        try SafetensorsWriter.stream(
            to: path,
            tensors: tensors.map { TensorSpecification(name: $0.name, dtype: $0.dtype, shape: $0.shape) },
            metadata: metadata
        ) { name, writer in
            try Task.checkCancellation()
            step()
            // What has been written is not read again: resident memory stays at a layer, not at the file.
            defer { if let tensor = file.tensors[name] { file.file.adviseDontNeed(tensor.byteRange) } }
            guard let value = try blend.value(of: name) else {
                return try unsafe file.withBytes(of: name) { try unsafe writer.append($0) }
            }
            let stored = DType(try file.description(name).dtype) ?? .float32
            try unsafe value.to(stored).contiguous().withBytes { try unsafe writer.append($0) }
        }
    }
}

/// A directory, or a file, of a checkpoint that is taken over into a new one.
public struct CheckpointTree: Sendable, Equatable {
    /// The directory or file.
    public let source: String
    /// What it is called in the new checkpoint; empty for the checkpoint's own directory.
    public let name: String
    /// Names in the directory that stay behind, such as other variants.
    public let excluded: Set<String>

    /// Names what is taken, and what it is called.
    public init(_ source: String, as name: String = "", excluding excluded: Set<String> = []) {
        self.source = source
        self.name = name
        self.excluded = excluded
    }
}
