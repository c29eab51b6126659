// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// The matrix product of the last two dimensions, with the leading ones broadcast.
    public func matmul(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("matmul") { unsafe $0.pointee.matmul($1, pointer, other.pointer) }
    }

    /// A batch of matrix products: `[b, n, k]` by `[b, k, m]`.
    public func bmm(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("bmm") { unsafe $0.pointee.bmm($1, pointer, other.pointer) }
    }

    /// Every product of one element of each: `[n]` and `[m]` give `[n, m]`.
    public func outer(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("outer") { unsafe $0.pointee.outer($1, pointer, other.pointer) }
    }

    /// The Kronecker product.
    public func kron(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor("kron") { unsafe $0.pointee.kron($1, pointer, other.pointer) }
    }

    /// X where `self · X = right`.
    public func solve(_ right: Tensor) throws(TorchError) -> Tensor {
        try Tensor("solve") { unsafe $0.pointee.solve($1, pointer, right.pointer) }
    }

    /// The inverse of a square matrix.
    public func inverse() throws(TorchError) -> Tensor {
        try Tensor("inverse") { unsafe $0.pointee.inverse($1, pointer) }
    }

    /// `self · weightᵀ + bias`.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`; this tensor is `[…, in]`.
    ///   - bias: `[out]`.
    /// - Returns: `[…, out]`.
    /// - Throws: an error if shapes, dtypes or devices do not fit.
    public func linear(_ weight: Tensor, bias: Tensor? = nil) throws(TorchError) -> Tensor {
        try Tensor("linear") { unsafe $0.pointee.linear($1, pointer, weight.pointer, bias?.pointer) }
    }

    /// `beta · self + alpha · left · right` of matrices.
    public func addmm(
        _ left: Tensor,
        _ right: Tensor,
        beta: Double = 1,
        alpha: Double = 1
    ) throws(TorchError) -> Tensor {
        try Tensor("addmm") { unsafe $0.pointee.addmm($1, pointer, left.pointer, right.pointer, beta, alpha) }
    }

    /// `beta · self + alpha · left · right` of batches of matrices.
    public func baddbmm(
        _ left: Tensor,
        _ right: Tensor,
        beta: Double = 1,
        alpha: Double = 1
    ) throws(TorchError) -> Tensor {
        try Tensor("baddbmm") { unsafe $0.pointee.baddbmm($1, pointer, left.pointer, right.pointer, beta, alpha) }
    }

    /// The reduced singular value decomposition: `self = u · diag(s) · vᵀ`, s falling.
    public func svd() throws(TorchError) -> (u: Tensor, s: Tensor, v: Tensor) {
        var values: OpaquePointer?
        let (left, right) = try Tensor.pair("svd") { table, u, v in unsafe table.pointee.svd(u, &values, v, pointer) }
        guard let values = unsafe values else {
            throw TorchError.runtime(operation: "svd", message: "libtorch gave no singular values")
        }
        return (left, unsafe Tensor(adopting: values), right)
    }

    /// The reduced decomposition into an orthogonal and an upper triangular matrix.
    public func qr() throws(TorchError) -> (q: Tensor, r: Tensor) {
        let (orthogonal, triangular) = try Tensor.pair("qr") { unsafe $0.pointee.qr($1, $2, pointer) }
        return (orthogonal, triangular)
    }
}
