// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// Makes the adapter of one projection.
enum ModuleFactory {
    /// Draws the adapter of a projection.
    ///
    /// - Throws: ``TrainingError`` if a size does not fit, `TorchError` if there is no memory for it.
    static func make(
        _ family: AdapterDesign.Family,
        on layer: Linear,
        initialization: Initialization,
        context: LayerContext
    ) throws -> any TrainedModule {
        switch family {
        case .lowRank(let design):
            let rank = try design.rank(of: layer.path)
            try requireRank(rank, family)
            return try LowRankModule(
                layer,
                rank: rank,
                scale: try design.scale(of: layer.path),
                usesMagnitudes: design.usesMagnitudes,
                initialization: initialization,
                context: context
            )
        case .rotation(let design):
            guard design.blockSize > 1 else {
                throw TrainingError.size(what: "OFT's block size is \(design.blockSize)", rule: "it is at least 2")
            }
            return try RotationModule(
                layer,
                blockSize: blockSize(design.blockSize, of: layer.inputFeatures),
                largestNorm: design.isConstrained ? design.epsilon : nil,
                initialization: initialization
            )
        case .kronecker(let design):
            try requireRank(design.rank, family)
            return try KroneckerModule(layer, design: design, initialization: initialization, context: context)
        case .hadamard(let design):
            try requireRank(design.rank, family)
            return try HadamardModule(layer, design: design, initialization: initialization, context: context)
        }
    }

    private static func requireRank(_ rank: Int, _ family: AdapterDesign.Family) throws(TrainingError) {
        guard rank > 0 else {
            throw .size(what: "\(family.name)'s rank is \(rank)", rule: "it is at least 1")
        }
    }

    /// The divisor of a size that is nearest to a wish, the smaller of two, as PEFT chooses it.
    static func blockSize(_ wish: Int, of size: Int) -> Int {
        guard wish < size else { return size }
        var (lower, higher) = (wish, wish)
        while size % lower != 0 { lower -= 1 }
        while size % higher != 0 { higher += 1 }
        return wish - lower <= higher - wish ? lower : higher
    }
}
