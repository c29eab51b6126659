// SPDX-License-Identifier: Apache-2.0

/// A tensor's name, type, shape and place in its file; its elements lie there contiguously, row-major, little-endian.
public struct TensorDescription: Sendable, Hashable {
    /// The name under which the file holds it.
    public let name: String
    /// The type of its elements.
    public let dtype: StoredDType
    /// Its dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// Its bytes, counted from the start of the file.
    public let byteRange: Range<Int>

    /// Describes a tensor whose byte range has been checked against its type and shape.
    package init(name: String, dtype: StoredDType, shape: [Int], byteRange: Range<Int>) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.byteRange = byteRange
    }

    /// The number of elements: 1 for a scalar, 0 where a dimension is 0.
    public var elementCount: Int { byteRange.count / dtype.byteCount }

    /// Whether the first element's offset is a multiple of the element size.
    ///
    /// A mapping starts on a page, so this tells whether the bytes can be used where they are. The format allows
    /// unaligned tensors; they have to be copied.
    public var isAligned: Bool { byteRange.lowerBound.isMultiple(of: dtype.byteCount) }

    /// The most dimensions a tensor may have: libtorch's own limit.
    package static let maximumRank = 64
}
