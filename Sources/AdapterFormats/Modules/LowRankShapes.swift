// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// The shapes that the factors of a low-rank product must have.
///
/// Those of a convolution carry the kernel in the first factor, `[r, in, k]` and `[out, r, 1]`, or in the middle of three
/// (LoCon with Tucker): `[r, in, 1]`, `[r, r, k]`, `[out, r, 1]`.
enum LowRankShapes {
    /// Checks that the factors can be multiplied and gives their rank, at least 1.
    ///
    /// - Throws: `AdapterFormatError.unexpectedShape`, naming the tensor.
    static func rank(
        down: TensorDescription,
        up: TensorDescription,
        middle: TensorDescription?,
        bias: TensorDescription?
    ) throws(AdapterFormatError) -> Int {
        try down.require(down.isFilled(2...4), "[r, in] with r of at least 1")
        let rank = down.shape[0]
        try up.require(up.isFilled(2...4) && up.shape[1] == rank && up.hasNoKernel, "[out, \(rank)]")
        if let middle {
            let fits = middle.isFilled(3...4) && middle.shape[0] == rank && middle.shape[1] == rank
            try middle.require(fits, "[\(rank), \(rank), kernel]")
            try down.require(down.hasNoKernel, "[\(rank), in, 1] beside a middle factor")
        }
        if let bias { try bias.require(bias.shape == [up.shape[0]], "[\(up.shape[0])]") }
        return rank
    }
}

extension TensorDescription {
    /// Refuses the tensor unless its shape is as it must be.
    ///
    /// - Throws: `AdapterFormatError.unexpectedShape`.
    func require(_ fits: Bool, _ expected: String) throws(AdapterFormatError) {
        guard fits else { throw .unexpectedShape(tensor: name, shape: shape, expected: expected) }
    }

    /// Whether it has so many dimensions, none of them 0.
    func isFilled(_ rank: ClosedRange<Int>) -> Bool { rank.contains(shape.count) && shape.allSatisfy { $0 > 0 } }

    /// Whether all dimensions after the second are 1.
    var hasNoKernel: Bool { shape.dropFirst(2).allSatisfy { $0 == 1 } }
}

extension StoredDType {
    /// Whether an adapter's weights may be stored so.
    package var isWeightType: Bool {
        switch self {
        case .float64, .float32, .float16, .bfloat16: true
        case .int64, .int32, .int16, .int8, .uint8, .uint16, .uint32, .uint64, .bool, .float8e4m3, .float8e5m2: false
        }
    }
}
