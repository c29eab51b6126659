// SPDX-License-Identifier: Apache-2.0

/// The elements of the tensors.
extension TorchArchive {
    /// An expanded tensor may be this large when copied; others are as large as what the file holds.
    private static let maximumExpandedByteCount = 64 << 20

    /// Lends the bytes of a contiguous tensor, in place, not necessarily aligned to its element size.
    ///
    /// - Throws: ``CheckpointError`` of kind `tensorMissing`, or `unsupported` if it is not contiguous; and what `body`
    ///   throws.
    public func withBytes<Result>(
        of name: String,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let tensor = try tensor(name)
        guard tensor.isContiguous else {
            let reason = "strides \(tensor.strides) are not contiguous; copy it with contiguousBytes"
            throw CheckpointError(.unsupported, path: path, tensor: name, reason: reason)
        }
        return try withExtendedLifetime(file) {
            try unsafe body(UnsafeRawBufferPointer(rebasing: file.bytes[tensor.byteRange]))
        }
    }

    /// A row-major copy of a tensor's elements, whatever its strides.
    ///
    /// - Throws: ``CheckpointError`` of kind `tensorMissing`, or `unsupported` if a few stored elements are expanded to
    ///   more than 64 MiB.
    public func contiguousBytes(_ name: String) throws(CheckpointError) -> [UInt8] {
        let tensor = try tensor(name)
        if tensor.isContiguous { return file.copy(tensor.byteRange) }
        let byteCount = tensor.elementCount * tensor.dtype.byteCount
        guard byteCount <= max(tensor.storageByteRange.count, Self.maximumExpandedByteCount) else {
            let reason = "\(tensor.storageByteRange.count) stored bytes are expanded to \(byteCount); that is refused"
            throw CheckpointError(.unsupported, path: path, tensor: name, reason: reason)
        }
        return gather(tensor, byteCount: byteCount)
    }

    /// Walks the elements in row-major order, one row of the last dimension after the other.
    private func gather(_ tensor: ArchivedTensor, byteCount: Int) -> [UInt8] {
        let width = tensor.dtype.byteCount
        let rowCount = tensor.shape.last ?? 1
        let rowStride = (tensor.strides.last ?? 0) * width
        var position = [Int](repeating: 0, count: max(tensor.shape.count - 1, 0))
        var result: [UInt8] = []
        result.reserveCapacity(byteCount)
        var rowStart = tensor.byteRange.lowerBound
        while result.count < byteCount {
            for column in 0..<rowCount {
                let start = rowStart + column * rowStride
                for offset in start..<start + width { result.append(file.byte(at: offset)) }
            }
            rowStart += Self.advance(&position, tensor) * width
        }
        return result
    }

    /// Moves to the next row; returns how far that is, in elements.
    private static func advance(_ position: inout [Int], _ tensor: ArchivedTensor) -> Int {
        var distance = 0
        for dimension in position.indices.reversed() {
            position[dimension] += 1
            distance += tensor.strides[dimension]
            if position[dimension] < tensor.shape[dimension] { return distance }
            distance -= position[dimension] * tensor.strides[dimension]
            position[dimension] = 0
        }
        return distance
    }
}
