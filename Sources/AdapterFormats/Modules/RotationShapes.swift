// SPDX-License-Identifier: Apache-2.0

public import Checkpoints

/// The shape of OFT's vectors, `[blocks, b(b−1)/2]`: what lies above the diagonals of skew matrices of size b.
public enum RotationShapes {
    /// The size of a block.
    ///
    /// - Parameter tensor: the vectors.
    /// - Returns: b, at least 2.
    /// - Throws: `AdapterFormatError.unexpectedShape` if no block has so many entries.
    public static func blockSize(of tensor: TensorDescription) throws(AdapterFormatError) -> Int {
        let expected = "[blocks, b·(b-1)/2] for some block size b"
        try tensor.require(tensor.isFilled(2...2), expected)
        let entries = tensor.shape[1]
        let (product, overflow) = entries.multipliedReportingOverflow(by: 8)
        try tensor.require(!overflow, expected)
        let size = Int((1 + Double(product + 1).squareRoot()) / 2)
        let (wanted, tooLarge) = size.multipliedReportingOverflow(by: size - 1)
        try tensor.require(!tooLarge && wanted == 2 * entries, expected)
        return size
    }
}
