// SPDX-License-Identifier: Apache-2.0

/// One safetensors file or a sharded set of them, behind one view from names to tensors.
///
/// Large checkpoints come as `BASE-00001-of-00004.safetensors`, … with `BASE.safetensors.index.json`, whose
/// `weight_map` says which file holds which tensor. What the index does not name is not part of the set.
public final class TensorStore: Sendable {
    /// The files, in the order of their names.
    public let files: [SafetensorsFile]
    /// The tensors' names, sorted.
    public let names: [String]
    /// Which of `files` holds a tensor.
    private let fileIndex: [String: Int]

    /// All tensors of one file.
    public init(file: SafetensorsFile) {
        files = [file]
        names = file.names
        fileIndex = file.tensors.mapValues { _ in 0 }
    }

    /// All tensors of one file.
    ///
    /// - Parameters:
    ///   - path: a safetensors file.
    ///   - followsSymbolicLinks: as in ``MappedFile/init(path:followsSymbolicLinks:)``.
    /// - Throws: ``CheckpointError``, as ``SafetensorsFile/init(path:followsSymbolicLinks:)``.
    public convenience init(file path: String, followsSymbolicLinks: Bool = true) throws(CheckpointError) {
        self.init(file: try SafetensorsFile(path: path, followsSymbolicLinks: followsSymbolicLinks))
    }

    /// The checkpoint of a directory: `BASE.safetensors` if it is there, else the shards of `BASE.safetensors.index.json`.
    ///
    /// - Parameters:
    ///   - directory: the directory.
    ///   - baseName: `model` for transformers and ACE-Step, `diffusion_pytorch_model` for diffusers.
    ///   - followsSymbolicLinks: as in ``MappedFile/init(path:followsSymbolicLinks:)``, for each file.
    /// - Throws: ``CheckpointError`` if neither is there, a shard is missing or a tensor is not in its shard.
    public convenience init(
        directory: String,
        baseName: String = "model",
        followsSymbolicLinks: Bool = true
    ) throws(CheckpointError) {
        let single = "\(directory)/\(baseName).safetensors"
        let index = single + ".index.json"
        do {
            try self.init(file: single, followsSymbolicLinks: followsSymbolicLinks)
            return
        } catch  where error.kind != .missing || error.path != single {
            throw error
        } catch {
            // The single file is not there, so the checkpoint is sharded.
        }
        let mapped: MappedFile
        do {
            mapped = try MappedFile(path: index, followsSymbolicLinks: followsSymbolicLinks)
        } catch  where error.kind == .missing {
            let reason = "it holds neither '\(baseName).safetensors' nor '\(baseName).safetensors.index.json'"
            throw CheckpointError(.missing, path: directory, reason: reason)
        }
        try self.init(ShardIndex(mapped), directory: directory, followsSymbolicLinks: followsSymbolicLinks)
    }

    private init(_ index: ShardIndex, directory: String, followsSymbolicLinks: Bool) throws(CheckpointError) {
        var files: [SafetensorsFile] = []
        for shard in index.shards {
            let path = "\(directory)/\(shard)"
            do {
                files.append(try SafetensorsFile(path: path, followsSymbolicLinks: followsSymbolicLinks))
            } catch  where error.kind == .missing {
                let reason = "\(error.reason), but '\(index.path)' names it; the download is incomplete"
                throw CheckpointError(.missing, path: path, reason: reason)
            }
        }
        for (name, position) in index.positions where files[position].tensors[name] == nil {
            throw CheckpointError(
                .tensorMissing,
                path: files[position].path,
                tensor: name,
                reason: "'\(index.path)' says that it is in this file, and it is not"
            )
        }
        self.files = files
        names = index.positions.keys.sorted()
        fileIndex = index.positions
    }

    /// Whether there is a tensor of that name.
    public func contains(_ name: String) -> Bool {
        fileIndex[name] != nil
    }

    /// A tensor's type, shape and place.
    ///
    /// - Throws: ``CheckpointError`` of kind `tensorMissing`.
    public func description(_ name: String) throws(CheckpointError) -> TensorDescription {
        try file(of: name).description(name)
    }

    /// The file that holds a tensor, and the tensor's place in it.
    ///
    /// - Throws: ``CheckpointError`` of kind `tensorMissing`.
    public func location(of name: String) throws(CheckpointError) -> (file: MappedFile, description: TensorDescription)
    {
        let file = try file(of: name)
        return (file.file, try file.description(name))
    }

    /// Lends a tensor's bytes, in place, not necessarily aligned to its element size.
    ///
    /// - Throws: ``CheckpointError`` of kind `tensorMissing`, and what `body` throws.
    public func withBytes<Result>(
        of name: String,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        try unsafe file(of: name).withBytes(of: name, body)
    }

    /// The number of bytes of all tensors together.
    public var byteCount: Int {
        fileIndex.reduce(0) { $0 + (files[$1.value].tensors[$1.key]?.byteRange.count ?? 0) }
    }

    private func file(of name: String) throws(CheckpointError) -> SafetensorsFile {
        guard let position = fileIndex[name] else {
            let path = files.count == 1 ? files[0].path : "\(files.first?.path ?? "") and its other shards"
            throw CheckpointError(.tensorMissing, path: path, tensor: name, reason: "there is no tensor of that name")
        }
        return files[position]
    }
}
