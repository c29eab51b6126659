// SPDX-License-Identifier: Apache-2.0

package import Torch

/// The best low-rank approximation of a matrix.
package enum TruncatedSVD {
    /// Matrices up to this size are decomposed exactly, which takes under a second.
    private static let exactSize = 384
    /// Directions beyond the wanted ones, and rounds of refinement, of the randomised method.
    ///
    /// Source: Halko, Martinsson, Tropp 2011, "Finding structure with randomness", sections 4.4 and 4.5.
    private static let oversampling = 16
    private static let rounds = 4

    /// The leading singular triplets.
    ///
    /// - Parameters:
    ///   - matrix: `[out, in]`, float32 or float64.
    ///   - rank: how many; fewer if the matrix has fewer.
    /// - Returns: `u` `[out, r]`, `s` `[r]` falling, `v` `[in, r]`.
    /// - Throws: `TorchError`.
    package static func decompose(_ matrix: Tensor, rank: Int) throws -> (u: Tensor, s: Tensor, v: Tensor) {
        let smaller = min(matrix.dimension(0), matrix.dimension(1))
        let wanted = min(rank, smaller)
        guard smaller > exactSize, wanted + oversampling < smaller / 2 else {
            return try leading(wanted, of: matrix.svd())
        }
        let generator = try Generator(seed: 0)  // any seed serves; a fixed one makes results repeat
        let transposed = try matrix.transpose(0, 1)
        var basis = try matrix.matmul(
            Tensor.randn([matrix.dimension(1), wanted + oversampling], generator: generator, dtype: matrix.dtype)
        )
        for _ in 0..<rounds {
            basis = try matrix.matmul(transposed.matmul(basis.qr().q).qr().q)
        }
        let q = try basis.qr().q
        let small = try q.transpose(0, 1).matmul(matrix).svd()
        return try leading(wanted, of: (q.matmul(small.u), small.s, small.v))
    }

    /// A LoRA's factors: `up·down` is the approximation, the singular values shared evenly between them.
    static func factors(of matrix: Tensor, rank: Int) throws -> (down: Tensor, up: Tensor) {
        let (u, s, v) = try decompose(matrix, rank: rank)
        let roots = try s.sqrt()
        return (try (v * roots).transpose(0, 1).contiguous(), try (u * roots).contiguous())
    }

    private static func leading(
        _ count: Int,
        of parts: (u: Tensor, s: Tensor, v: Tensor)
    ) throws -> (u: Tensor, s: Tensor, v: Tensor) {
        (
            try parts.u.narrow(1, from: 0, length: count), try parts.s.narrow(0, from: 0, length: count),
            try parts.v.narrow(1, from: 0, length: count)
        )
    }
}
