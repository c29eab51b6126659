// SPDX-License-Identifier: Apache-2.0

/// A file written by `torch.save`: an uncompressed zip of one pickle and the raw storages of its tensors.
///
/// Pickles can be programs. This one is run on a closed list of opcodes and names that build tensors, containers and
/// plain values (``PickleValue``); anything else is refused by name. The elements stay in the mapped file.
///
/// ```swift
/// let archive = try TorchArchive(path: "silence_latent.pt")
/// let latent = try archive.tensor("")  // a bare tensor has the empty name
/// ```
public struct TorchArchive: Sendable {
    /// The mapping that all byte ranges refer to.
    ///
    /// Keep it for as long as its bytes are used.
    public let file: MappedFile
    /// What was saved.
    public let root: PickleValue
    /// Every tensor by its dotted path of keys and list positions, for example `state.0.exp_avg`; `""` for a bare one.
    public let tensors: [String: ArchivedTensor]
    /// The paths of the tensors, sorted.
    public let names: [String]

    private let directory: ZipDirectory

    /// Maps an archive and runs its pickle.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - followsSymbolicLinks: as in ``MappedFile/init(path:followsSymbolicLinks:)``.
    /// - Throws: ``CheckpointError`` naming the file and what is wrong or refused.
    public init(path: String, followsSymbolicLinks: Bool = true) throws(CheckpointError) {
        try self.init(MappedFile(path: path, followsSymbolicLinks: followsSymbolicLinks))
    }

    /// Runs the pickle of an archive that is mapped already.
    ///
    /// - Throws: ``CheckpointError`` naming the file and what is wrong or refused.
    public init(_ file: MappedFile) throws(CheckpointError) {
        let directory = try ZipDirectory(file)
        let prefix = try Self.prefix(of: directory)
        try Self.checkByteOrder(directory, prefix: prefix)
        var machine = try PickleMachine(directory, prefix: prefix)
        let index = try machine.run()
        var tree = PickleTree(machine.heap, path: file.path)
        self.file = file
        self.directory = directory
        root = try tree.value(index)
        tensors = tree.tensors
        names = tree.tensors.keys.sorted()
    }

    /// The path, as given.
    public var path: String { file.path }

    /// A tensor's type, shape, strides and place.
    ///
    /// - Throws: ``CheckpointError`` of kind `tensorMissing`.
    public func tensor(_ name: String) throws(CheckpointError) -> ArchivedTensor {
        guard let tensor = tensors[name] else {
            throw CheckpointError(
                .tensorMissing,
                path: path,
                tensor: name,
                reason: "the archive has no tensor of that path"
            )
        }
        return tensor
    }

    /// Compares each member's bytes with its checksum, which opening does not do, since it would read the whole file.
    ///
    /// - Throws: ``CheckpointError`` naming the first member that is damaged.
    public func verifyChecksums() throws(CheckpointError) {
        for name in directory.members.keys.sorted() {
            guard let member = directory.members[name], member.method == 0 else { continue }
            guard Checksum.of(try directory.range(of: name), in: file) == member.checksum else {
                let reason =
                    "the member \(CheckpointError.quoted(name)) does not have its checksum; the file is damaged"
                throw CheckpointError(.malformed, path: path, reason: reason)
            }
        }
    }

    /// The one directory of the archive that holds a `data.pkl`, with its slash.
    private static func prefix(of directory: ZipDirectory) throws(CheckpointError) -> String {
        let pickle = "data.pkl"
        let prefixes = directory.members.keys.filter { name in
            name.hasSuffix("/" + pickle) && name.utf8.count { $0 == UInt8(ascii: "/") } == 1
        }
        guard let name = prefixes.first, prefixes.count == 1 else {
            let reason =
                "the zip archive has \(prefixes.count) members NAME/\(pickle); one written by torch.save has one"
            throw CheckpointError(.malformed, path: directory.file.path, reason: reason)
        }
        return String(name.dropLast(pickle.count))
    }

    /// Archives without the member are little-endian: only newer versions of PyTorch write it.
    private static func checkByteOrder(_ directory: ZipDirectory, prefix: String) throws(CheckpointError) {
        let name = prefix + "byteorder"
        guard directory.members[name] != nil else { return }
        let range = try directory.range(of: name)
        let order = range.count <= 16 ? directory.file.text(range) : nil
        guard order == "little" else {
            let found = CheckpointError.quoted(order ?? "unreadable")
            let reason = "its byte order is \(found); save it again on a little-endian machine"
            throw CheckpointError(.unsupported, path: directory.file.path, reason: reason)
        }
    }
}
