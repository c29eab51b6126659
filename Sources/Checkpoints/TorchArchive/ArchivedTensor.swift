// SPDX-License-Identifier: Apache-2.0

/// A tensor in a torch archive: a view, possibly strided, of a storage that lies uncompressed in the file.
public struct ArchivedTensor: Sendable, Hashable {
    /// The type of its elements, little-endian.
    public let dtype: StoredDType
    /// Its dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// For each dimension, the distance between neighbours, in elements; never negative, 0 for an expanded dimension.
    public let strides: [Int]
    /// The index of the first element in its storage, in elements.
    public let storageOffset: Int
    /// The whole storage, in bytes from the start of the file; several tensors may share it.
    public let storageByteRange: Range<Int>
    /// The number of elements: 1 for a scalar, 0 where a dimension is 0.
    public let elementCount: Int
    /// The bytes from the first element to the last, in bytes from the start of the file.
    ///
    /// For a contiguous tensor exactly its elements; otherwise with whatever lies between them.
    public let byteRange: Range<Int>

    /// Why a view cannot be what its storage holds.
    struct InvalidView: Error {
        let reason: String
    }

    /// Checks that the view stays in its storage.
    init(
        dtype: StoredDType,
        shape: [Int],
        strides: [Int],
        storageOffset: Int,
        storageByteRange: Range<Int>
    ) throws(InvalidView) {
        guard shape.count == strides.count, shape.count <= TensorDescription.maximumRank else {
            throw InvalidView(reason: "it has \(shape.count) dimensions and \(strides.count) strides")
        }
        guard storageOffset >= 0, !shape.contains(where: { $0 < 0 }), !strides.contains(where: { $0 < 0 }) else {
            throw InvalidView(reason: "offset \(storageOffset), shape \(shape) or strides \(strides) are negative")
        }
        guard let byteCount = dtype.byteCount(ofShape: shape) else {
            throw InvalidView(reason: "its shape \(shape) is larger than any memory")
        }
        let width = dtype.byteCount
        let extent = byteCount == 0 ? 0 : Self.extent(shape, strides)
        guard let extent, case (let end, let overflow) = storageOffset.addingReportingOverflow(extent), !overflow,
            end <= storageByteRange.count / width
        else {
            let held = "its storage holds \(storageByteRange.count / width) elements"
            throw InvalidView(
                reason: "shape \(shape), strides \(strides), offset \(storageOffset) reach outside: \(held)"
            )
        }
        self.dtype = dtype
        self.shape = shape
        self.strides = strides
        self.storageOffset = storageOffset
        self.storageByteRange = storageByteRange
        elementCount = byteCount / width
        let start = storageByteRange.lowerBound + storageOffset * width
        byteRange = start..<start + extent * width
    }

    /// Whether the elements lie row-major without gaps, so that ``byteRange`` holds just them in order.
    public var isContiguous: Bool {
        var expected = 1
        for (dimension, stride) in zip(shape, strides).reversed() where dimension != 1 {
            if stride != expected && elementCount != 0 { return false }
            expected *= max(dimension, 1)
        }
        return true
    }

    /// The tensor as a safetensors one, under a name; nil unless contiguous.
    public func description(name: String) -> TensorDescription? {
        guard isContiguous else { return nil }
        return TensorDescription(name: name, dtype: dtype, shape: shape, byteRange: byteRange)
    }

    /// Elements from the first to the last, both counted, of a view without empty dimensions; nil on overflow.
    private static func extent(_ shape: [Int], _ strides: [Int]) -> Int? {
        var last = 0
        for (dimension, stride) in zip(shape, strides) {
            let (distance, tooFar) = (dimension - 1).multipliedReportingOverflow(by: stride)
            let (sum, tooMuch) = last.addingReportingOverflow(distance)
            if tooFar || tooMuch || sum == .max { return nil }
            last = sum
        }
        return last + 1
    }
}
