// SPDX-License-Identifier: Apache-2.0

import Torch

/// A matrix, whole or as the product of two thin ones.
enum FactoredMatrix {
    /// `[n, m]`.
    case whole(Tensor)
    /// `[n, r]` and `[r, m]`.
    case product(left: Tensor, right: Tensor)

    /// The number of rows.
    var rowCount: Int {
        switch self {
        case .whole(let matrix): matrix.dimension(0)
        case .product(let left, _): left.dimension(0)
        }
    }

    /// The bytes of its tensors.
    var byteCount: Int {
        switch self {
        case .whole(let matrix): matrix.byteCount
        case .product(let left, let right): left.byteCount + right.byteCount
        }
    }

    /// The matrix itself in float32.
    func expanded() throws(TorchError) -> Tensor {
        switch self {
        case .whole(let matrix): try matrix.to(.float32)
        case .product(let left, let right): try left.to(.float32).matmul(right.to(.float32))
        }
    }

    /// The same in another type.
    func to(_ dtype: DType) throws(TorchError) -> FactoredMatrix {
        switch self {
        case .whole(let matrix): .whole(try matrix.to(dtype))
        case .product(let left, let right): .product(left: try left.to(dtype), right: try right.to(dtype))
        }
    }

    /// `x·Mᵀ`.
    ///
    /// - Parameter x: `[rows, m]`.
    /// - Returns: `[rows, n]`.
    /// - Throws: `TorchError` if an operation fails.
    func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        switch self {
        case .whole(let matrix): try x.linear(matrix)
        case .product(let left, let right): try x.linear(right).linear(left)
        }
    }
}

/// `s·(W₁ ⊗ W₂)` with a second factor whose columns hold a convolution's kernel.
struct KroneckerProduct: WeightDifference {
    /// `[a, c]`.
    let first: Tensor
    /// `[b, d · kernel]`; the product is `[a·b, c·d·kernel]`.
    let second: FactoredMatrix
    let scale: Double

    func rows(from start: Int, to end: Int) throws(TorchError) -> Tensor {
        let second = try second.expanded()
        let height = second.dimension(0)
        let outer = try Tensor((start..<end).map { Int64($0 / height) }, shape: [end - start]).to(first.device)
        let inner = try Tensor((start..<end).map { Int64($0 % height) }, shape: [end - start]).to(first.device)
        let left = try first.to(.float32).indexSelect(0, outer).unsqueeze(2)
        let right = try second.indexSelect(0, inner).unsqueeze(1)
        return try (left * right).reshape([end - start, -1]) * scale
    }

    func effect(dtype: DType, scaledBy ratio: MagnitudeRatio?) throws(TorchError) -> any LayerEffect {
        let factors = try ratio?.values.to(dtype)
        return KroneckerChange(
            first: try first.to(dtype),
            second: try second.to(dtype),
            scale: scale,
            outputFactors: ratio?.axis == .output ? factors : nil,
            inputFactors: ratio?.axis == .input ? factors : nil
        )
    }
}
