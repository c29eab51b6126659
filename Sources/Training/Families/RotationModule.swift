// SPDX-License-Identifier: Apache-2.0

import Adapters
import Layers
import Torch

/// OFT on one projection, as PEFT computes it: blocks of the input are turned before the frozen weight, `y = W·(x·R)`.
///
/// Source: Qiu et al. 2025, OFTv2.
struct RotationModule: TrainedModule {
    private let vectors: Parameter
    private let size: Int
    private let largestNorm: Double?

    /// Makes a rotation that turns nothing yet.
    ///
    /// - Parameters:
    ///   - layer: the projection.
    ///   - blockSize: b, a divisor of the input's size.
    ///   - largestNorm: blocks are kept within this over the root of their number (PEFT's `coft`); nil leaves them free.
    ///   - initialization: where first values come from.
    /// - Throws: `TorchError` if there is no memory for it.
    init(
        _ layer: Linear,
        blockSize: Int,
        largestNorm: Double?,
        initialization: Initialization
    ) throws(TorchError) {
        size = blockSize
        self.largestNorm = largestNorm
        vectors = try initialization.zeros(
            "base_model.model.\(layer.path).oft_R.weight",
            [layer.inputFeatures / blockSize, blockSize * (blockSize - 1) / 2]
        )
    }

    /// How many terms of the Cayley transform's series PEFT takes.
    static let termCount = 5

    var parameters: [Parameter] { [vectors] }

    func callAsFunction(_ x: Tensor, of layer: Linear) throws(TorchError) -> Tensor {
        let rows = try x.rows
        let blocks = try SkewBlocks(vectors.value, size: size, largestNorm: nil)
        let change = try blocks.series(termCount: Self.termCount).to(x.dtype)
        let turned = try rows + BlockRotation(change: change).difference(of: rows)
        return try layer.product(turned, bias: layer.bias).reshape(x.shape.dropLast() + [layer.outputFeatures])
    }

    /// Scales blocks back whose skew matrices are too long.
    ///
    /// The matrix holds each entry twice, hence the root of 2.
    func constrain() throws(TorchError) {
        guard let largestNorm else { return }
        try withoutGradients { () throws(TorchError) in
            let bound = largestNorm / Double(vectors.value.dimension(0)).squareRoot()
            let norms = try vectors.value.norm(dimensions: [1], keepDimension: true) * 2.0.squareRoot()
            try vectors.value.multiply(inPlace: norms.clamp(min: bound).reciprocal() * bound)
        }
    }
}
