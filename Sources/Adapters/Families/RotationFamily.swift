// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import Layers
package import Torch

/// OFT as PEFT computes it: blocks of the input are turned before the base, `y = (x·R)·Wᵀ`.
///
/// Source: PEFT 0.21.2, `tuners/oft/layer.py`.
struct RotationFamily: AdapterFamily {
    var kinds: Set<AdapterKind> { [.oft] }

    func effects(
        of module: AdapterModule,
        on layer: Linear,
        reading tensors: AdapterTensors
    ) throws -> [any LayerEffect] {
        let vectors = try tensors.description(.rotation, of: module)
        guard layer.layout == .matrix else {
            try tensors.require(vectors, false, "none: PEFT has no OFT of one-dimensional convolutions")
            return []
        }
        let settings = module.rotation ?? RotationSettings()
        let size = try RotationShapes.blockSize(of: vectors)
        let (rows, columns) = (vectors.shape[0], layer.inputFeatures)
        let covered = size.multipliedReportingOverflow(by: settings.isShared ? columns / size : rows)
        let fits = !covered.overflow && covered.partialValue == columns && (!settings.isShared || rows == 1)
        let expected = settings.isShared ? "one block whose size divides" : "blocks that together have the size"
        try tensors.require(vectors, fits, "\(expected) \(columns)")
        let skew = try SkewBlocks(tensors.read(vectors, as: .float32), size: size, largestNorm: settings.largestNorm)
        let change = try settings.usesSeries ? skew.series(termCount: settings.termCount) : skew.exact()
        guard try change.isFinite else {
            throw AdapterError.degenerate(
                adapter: tensors.adapter,
                tensor: vectors.name,
                reason: "makes a rotation that is not finite"
            )
        }
        return [BlockRotation(change: try change.to(tensors.dtype))]
    }
}

/// The skew-symmetric matrices that OFT's vectors stand for, and the rotations that they generate.
package struct SkewBlocks {
    /// `[blocks, b, b]`, float32.
    private let blocks: Tensor

    /// Spreads vectors over the upper triangles, row by row.
    ///
    /// - Parameters:
    ///   - vectors: `[blocks, b(b−1)/2]`, float32.
    ///   - size: b.
    ///   - largestNorm: blocks with a Frobenius norm above this divided by the root of their number are shrunk to it
    ///     (PEFT's `coft`). Nil leaves them.
    /// - Throws: `TorchError` if an operation fails.
    package init(_ vectors: Tensor, size: Int, largestNorm: Double?) throws(TorchError) {
        let (count, entries) = (vectors.dimension(0), vectors.dimension(1))
        let positions = (0..<size).flatMap { row in (row + 1..<size).map { Int64(row * size + $0) } }
        let indices = try Tensor(positions, shape: [1, entries]).expand([count, entries]).to(vectors.device)
        let upper = try Tensor.zeros([count, size * size], dtype: .float32, device: vectors.device)
            .scatter(dimension: 1, indices: indices, source: vectors).reshape([count, size, size])
        let skew = try upper - upper.transpose(1, 2)
        guard let largestNorm else {
            blocks = skew
            return
        }
        let bound = largestNorm / Double(count).squareRoot()
        let norms = try skew.norm(dimensions: [1, 2], keepDimension: true)
        // Blocks within the bound are divided by it, hence multiplied with 1.
        blocks = try skew * (bound * norms.clamp(min: bound).reciprocal())
    }

    /// `R − I` of the exact Cayley transform `R = (I − Q)(I + Q)⁻¹`, `[blocks, b, b]`.
    package func exact() throws(TorchError) -> Tensor {
        let identity = try Self.identity(blocks.dimension(1), device: blocks.device)
        return try blocks.bmm((identity + blocks).inverse()) * -2
    }

    /// `R − I` of the series `R = I + 2Q + 2Q² + … + 2Qⁿ⁻² + Qⁿ⁻¹`, which approximates `(I + Q)(I − Q)⁻¹`: the sign of Q
    /// is the opposite of the exact transform's, as in PEFT.
    package func series(termCount: Int) throws(TorchError) -> Tensor {
        guard termCount > 1 else { return try blocks * 0 }
        let change = try blocks * 2
        guard termCount > 2 else { return change }
        var power = try blocks.bmm(blocks)
        try change.add(inPlace: power, alpha: 2)
        for _ in 3..<max(3, termCount - 1) {
            power = try power.bmm(blocks)
            try change.add(inPlace: power, alpha: 2)
        }
        try change.add(inPlace: power.bmm(blocks))
        return change
    }

    private static func identity(_ size: Int, device: Device) throws(TorchError) -> Tensor {
        let positions = try Tensor.arange(size)
        return try positions.unsqueeze(0).equalTo(positions.unsqueeze(1)).to(.float32).to(device)
    }
}
