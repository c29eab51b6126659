// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Checkpoints
import Torch

extension EffectiveWeights {
    /// OFT as PEFT computes it: `W·blockdiag(R)ᵀ`.
    ///
    /// - Parameters:
    ///   - base: W, `[out, in]`.
    ///   - module: the module whose vectors make R.
    /// - Returns: W′, shaped like W.
    /// - Throws: ``ConversionError/misfit(module:found:expected:)``, and what reading throws.
    func rotated(_ base: Tensor, by module: AdapterModule) throws -> Tensor {
        let vectors = try tensors.description(.rotation, of: module)
        let size = try Self.blockSize(of: vectors)
        guard base.rank == 2, base.dimension(1).isMultiple(of: size) else {
            throw ConversionError.misfit(module: module.path.text, found: vectors.shape, expected: base.shape)
        }
        let count = base.dimension(1) / size
        guard vectors.shape[0] == count || (rotation.isShared && vectors.shape[0] == 1) else {
            throw ConversionError.misfit(module: module.path.text, found: vectors.shape, expected: base.shape)
        }
        let blocks = try rotations(from: tensors.read(vectors), size: size).expand([count, size, size])
        let parts = try base.reshape([base.dimension(0), count, size]).transpose(0, 1)
        return try parts.matmul(blocks.transpose(1, 2)).transpose(0, 1).reshape(base.shape)
    }

    /// b from the b(b−1)/2 columns of the vectors.
    static func blockSize(of vectors: TensorDescription) throws -> Int {
        let columns = vectors.shape.count == 2 ? vectors.shape[1] : 0
        let size = Int((1 + Double(1 + 8 * columns).squareRoot()) / 2)
        guard vectors.shape.count == 2, vectors.shape[0] > 0, columns > 0, size * (size - 1) / 2 == columns else {
            throw AdapterFormatError.unexpectedShape(
                tensor: vectors.name,
                shape: vectors.shape,
                expected: "[blocks, b(b−1)/2]"
            )
        }
        return size
    }

    /// R of every block, `[blocks, b, b]`.
    private func rotations(from vectors: Tensor, size: Int) throws -> Tensor {
        var q = try Self.skewSymmetric(vectors, size: size).to(dtype)
        if let largestNorm = rotation.largestNorm { q = try constrained(q, to: largestNorm) }
        let identity = try Tensor(Self.identity(size), shape: [1, size, size]).to(dtype)
        if rotation.usesSeries { return try series(q, identity: identity) }
        let blocks = try identity.expand(q.shape)
        // (I − Q)(I + Q)⁻¹; both factors are functions of Q alone and commute.
        return try (blocks + q).solve(blocks - q)
    }

    /// I + 2Q + 2Q² + … + 2Qⁿ⁻² + Qⁿ⁻¹, as PEFT's loop computes it; 3 and 4 terms give the same.
    private func series(_ q: Tensor, identity: Tensor) throws -> Tensor {
        guard rotation.termCount > 1 else { return try identity.expand(q.shape) }
        var result = try identity + q * 2
        guard rotation.termCount > 2 else { return result }
        var power = try q.matmul(q)
        result = try result + power * 2
        for _ in 3..<max(3, rotation.termCount - 1) {
            power = try power.matmul(q)
            result = try result + power * 2
        }
        return try result + power.matmul(q)
    }

    /// Blocks scaled back so that their Frobenius norm is at most the whole's largest / √blocks.
    private func constrained(_ q: Tensor, to largestNorm: Double) throws -> Tensor {
        let limit = largestNorm / Double(q.dimension(0)).squareRoot()
        let norms = try q.norm(dimensions: [1, 2], keepDimension: true)
        let factors = try (norms.clamp(min: Double.leastNormalMagnitude).reciprocal() * limit).clamp(max: 1)
        return try q * factors
    }

    /// U − Uᵀ with the vectors' elements above the diagonal of U, row by row.
    private static func skewSymmetric(_ vectors: Tensor, size: Int) throws -> Tensor {
        let blocks = vectors.dimension(0)
        let values = try vectors.doubles()
        var elements = [Double](repeating: 0, count: blocks * size * size)
        var position = 0
        for block in 0..<blocks {
            for row in 0..<size {
                for column in row + 1..<max(size, row + 1) {
                    elements[(block * size + row) * size + column] = values[position]
                    elements[(block * size + column) * size + row] = -values[position]
                    position += 1
                }
            }
        }
        return try Tensor(elements, shape: [blocks, size, size])
    }

    private static func identity(_ size: Int) -> [Double] {
        (0..<size * size).map { $0 % (size + 1) == 0 ? 1 : 0 }
    }
}
