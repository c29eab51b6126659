// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// The shapes that the two factors of a low-rank product must have.
enum LowRankShapes {
    /// Checks that the factors are matrices that can be multiplied, of rank at least 1.
    ///
    /// - Throws: `AdapterFormatError.unexpectedShape` or `.unexpectedType`, naming the tensor.
    static func check(
        down: TensorDescription,
        up: TensorDescription,
        bias: TensorDescription?
    ) throws(AdapterFormatError) {
        guard down.shape.count == 2, down.shape[0] > 0, down.shape[1] > 0 else {
            throw .unexpectedShape(tensor: down.name, shape: down.shape, expected: "[r, in] with r of at least 1")
        }
        let rank = down.shape[0]
        guard up.shape.count == 2, up.shape[0] > 0, up.shape[1] == rank else {
            throw .unexpectedShape(tensor: up.name, shape: up.shape, expected: "[out, \(rank)]")
        }
        if let bias, bias.shape != [up.shape[0]] {
            throw .unexpectedShape(tensor: bias.name, shape: bias.shape, expected: "[\(up.shape[0])]")
        }
        for tensor in [down, up, bias].compactMap({ $0 }) where !tensor.dtype.isWeightType {
            throw .unexpectedType(
                tensor: tensor.name,
                type: tensor.dtype.rawValue,
                expected: "F32, BF16, F16 or F64"
            )
        }
    }
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
