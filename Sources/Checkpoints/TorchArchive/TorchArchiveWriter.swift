// SPDX-License-Identifier: Apache-2.0

/// Writes files that `torch.load` reads, with `weights_only=True` too: a dictionary of plain values and contiguous tensors.
///
/// Equal content gives equal bytes.
public enum TorchArchiveWriter {
    /// What can be written.
    public enum Value: Sendable, Hashable {
        /// Python's None.
        case none
        /// True or False.
        case boolean(Bool)
        /// An int.
        case integer(Int)
        /// A float.
        case float(Double)
        /// A str.
        case string(String)
        /// A list.
        case list([Value])
        /// A dict, in its order.
        case dictionary([Member])
        /// A tensor.
        case tensor(Tensor)
    }

    /// One key of a dictionary with its value.
    public struct Member: Sendable, Hashable {
        /// The key.
        public let key: String
        /// What is stored under it.
        public let value: Value

        /// Names both.
        public init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// The elements of a tensor.
    public struct Tensor: Sendable, Hashable {
        /// Their type.
        public let dtype: StoredDType
        /// Its dimensions.
        public let shape: [Int]
        /// The elements, row-major, little-endian.
        public let bytes: [UInt8]

        /// Names all three.
        public init(dtype: StoredDType, shape: [Int], bytes: [UInt8]) {
            self.dtype = dtype
            self.shape = shape
            self.bytes = bytes
        }
    }

    /// Writes a file, whole or not at all.
    ///
    /// - Parameters:
    ///   - members: the dictionary to save, in its order.
    ///   - path: the file; one that is there is replaced when the new one is complete.
    /// - Throws: ``CheckpointError`` of kind `invalidRequest` for a tensor whose bytes are not what its type and shape take, or
    ///   whose type torch archives do not have, or for more than 4 GB; of kind `unwritable`.
    public static func write(_ members: [Member], to path: String) throws(CheckpointError) {
        var pickle = PickleWriter(path: path)
        try pickle.write(.dictionary(members))
        var archive = ZipWriter(path: path)
        try archive.add("archive/data.pkl", pickle.finished)
        try archive.add("archive/byteorder", Array("little".utf8))
        for (position, storage) in pickle.storages.enumerated() { try archive.add("archive/data/\(position)", storage) }
        try archive.add("archive/version", Array("3\n".utf8))
        var file = try AtomicFile(path: path)
        try unsafe file.write(archive.finished.span.bytes)
        try file.commit()
    }
}
