// SPDX-License-Identifier: Apache-2.0

/// A safetensors file, mapped: its header is parsed and checked, its elements are read when somebody touches them.
///
/// Opening costs time and memory in proportion to the header, whatever the file's size.
///
/// ```swift
/// let file = try SafetensorsFile(path: "adapter_model.safetensors")
/// for name in file.names { print(try file.description(name).shape) }
/// ```
public final class SafetensorsFile: Sendable {
    /// The mapping that all byte ranges refer to.
    ///
    /// Keep it for as long as its bytes are used.
    public let file: MappedFile
    /// Every tensor by name.
    public let tensors: [String: TensorDescription]
    /// The tensors' names, sorted.
    public let names: [String]
    /// The header's `__metadata__`; empty if there is none.
    public let metadata: [String: String]

    /// Maps a file and checks its header.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - followsSymbolicLinks: as in ``MappedFile/init(path:followsSymbolicLinks:)``.
    /// - Throws: ``CheckpointError`` naming the file, the tensor and the rule that is broken.
    public convenience init(path: String, followsSymbolicLinks: Bool = true) throws(CheckpointError) {
        try self.init(MappedFile(path: path, followsSymbolicLinks: followsSymbolicLinks))
    }

    /// Checks the header of a file that is mapped already.
    ///
    /// - Throws: ``CheckpointError`` naming the file, the tensor and the rule that is broken.
    public init(_ file: MappedFile) throws(CheckpointError) {
        let header = try SafetensorsHeader(file)
        self.file = file
        tensors = header.tensors
        names = header.tensors.keys.sorted()
        metadata = header.metadata
    }

    /// The path, as given.
    public var path: String { file.path }

    /// A tensor's type, shape and place.
    ///
    /// - Throws: ``CheckpointError`` of kind `tensorMissing`.
    public func description(_ name: String) throws(CheckpointError) -> TensorDescription {
        guard let tensor = tensors[name] else {
            throw CheckpointError(
                .tensorMissing,
                path: path,
                tensor: name,
                reason: "the file has no tensor of that name"
            )
        }
        return tensor
    }

    /// Lends a tensor's bytes, in place, not necessarily aligned to its element size.
    ///
    /// - Throws: ``CheckpointError`` of kind `tensorMissing`, and what `body` throws.
    public func withBytes<Result>(
        of name: String,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let range = try description(name).byteRange
        return try withExtendedLifetime(file) {
            try unsafe body(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
        }
    }
}
