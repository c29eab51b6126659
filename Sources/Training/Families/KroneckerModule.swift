// SPDX-License-Identifier: Apache-2.0

import Adapters
import Layers
import Torch

/// LoKr on one projection, as LyCORIS computes it: `y = W·x + s·(W₁ ⊗ W₂)·x`.
///
/// On a plain projection the product is two small ones and the whole matrix is never made.
/// Source: Yeh et al. 2024, LyCORIS.
final class KroneckerModule: TrainedModule {
    /// A factor: a whole matrix, or what makes it.
    private enum Factor {
        case whole(Parameter)
        case product(Parameter, Parameter)
        case tucker(core: Parameter, left: Parameter, right: Parameter)

        var parameters: [Parameter] {
            switch self {
            case .whole(let matrix): [matrix]
            case .product(let left, let right): [left, right]
            case .tucker(let core, let left, let right): [left, right, core]
            }
        }
    }

    private let first: Factor
    private let second: Factor
    private let scalar: Parameter?
    private let weight: MaterializedWeight
    private let scale: Double
    private let context: LayerContext
    private let alpha: Tensor
    private let prefix: String
    private let rows: KroneckerSplit
    private let columns: KroneckerSplit

    init(
        _ layer: Linear,
        design: AdapterDesign.Kronecker,
        initialization: Initialization,
        context: LayerContext
    ) throws(TorchError) {
        let shape = layer.storedShape
        let kernel = Array(shape.dropFirst(2))
        rows = KroneckerSplit(shape[0], factor: design.factor)
        columns = KroneckerSplit(shape[1], factor: design.factor)
        prefix = "lycoris_" + layer.path.split(separator: ".").joined(separator: "_") + "."
        let rank = design.rank
        let isFirstWhole = !design.decomposesBoth || 2 * rank >= max(rows.outer, columns.outer)
        let isSecondWhole = 2 * rank >= max(rows.inner, columns.inner)
        let usesTucker = design.usesTucker && kernel.contains { $0 != 1 }
        let scalar = design.usesScalar ? try initialization.zeros(prefix + "scalar", []) : nil
        first = try Self.first(
            prefix,
            rows: rows,
            columns: columns,
            rank: isFirstWhole ? nil : rank,
            initialization: initialization
        )
        second = try Self.second(
            prefix,
            rows: rows,
            columns: columns,
            kernel: kernel,
            rank: isSecondWhole ? nil : rank,
            usesTucker: usesTucker,
            startsAtZero: scalar == nil,
            initialization: initialization
        )
        self.scalar = scalar
        weight =
            design.usesMagnitudes
            ? try MaterializedWeight(prefix + "dora_scale", of: layer, initialization: initialization)
            : MaterializedWeight()
        // Two whole factors leave nothing for alpha to scale: LyCORIS takes 1 then.
        let effective = isFirstWhole && isSecondWhole ? Double(rank) : design.alpha
        scale = effective / Double(rank)
        alpha = try Tensor.full([], effective)
        self.context = context
    }

    private static func first(
        _ prefix: String,
        rows: KroneckerSplit,
        columns: KroneckerSplit,
        rank: Int?,
        initialization: Initialization
    ) throws(TorchError) -> Factor {
        guard let rank else {
            return .whole(try initialization.kaiming(prefix + "lokr_w1", [rows.outer, columns.outer]))
        }
        return .product(
            try initialization.kaiming(prefix + "lokr_w1_a", [rows.outer, rank]),
            try initialization.kaiming(prefix + "lokr_w1_b", [rank, columns.outer])
        )
    }

    private static func second(
        _ prefix: String,
        rows: KroneckerSplit,
        columns: KroneckerSplit,
        kernel: [Int],
        rank: Int?,
        usesTucker: Bool,
        startsAtZero: Bool,
        initialization: Initialization
    ) throws(TorchError) -> Factor {
        func last(_ name: String, _ shape: [Int]) throws(TorchError) -> Parameter {
            startsAtZero
                ? try initialization.zeros(prefix + name, shape) : try initialization.kaiming(prefix + name, shape)
        }
        guard let rank else { return .whole(try last("lokr_w2", [rows.inner, columns.inner] + kernel)) }
        if usesTucker {
            return .tucker(
                core: try initialization.kaiming(prefix + "lokr_t2", [rank, rank] + kernel),
                left: try initialization.kaiming(prefix + "lokr_w2_a", [rank, rows.inner]),
                right: try last("lokr_w2_b", [rank, columns.inner])
            )
        }
        return .product(
            try initialization.kaiming(prefix + "lokr_w2_a", [rows.inner, rank]),
            try last("lokr_w2_b", [rank, columns.inner * kernel.reduce(1, *)])
        )
    }

    var parameters: [Parameter] {
        let own = first.parameters + second.parameters
        return (scalar.map { [$0] } ?? []) + own + (weight.lengths.map { [$0] } ?? [])
    }

    func callAsFunction(_ x: Tensor, of layer: Linear) throws(TorchError) -> Tensor {
        guard layer.layout == .matrix, weight.lengths == nil else {
            return try weight.output(x, of: layer, difference: difference(of: layer), context: context)
        }
        let flat = try x.rows
        let (base, _) = try context.base(of: layer, x, rows: flat)
        let output = try base.adding(product(with: flat), alpha: scale)
        let biased = try layer.bias.map { bias throws(TorchError) in try output + bias } ?? output
        return try biased.reshape(x.shape.dropLast() + [layer.outputFeatures])
    }

    /// `x·(W₁ ⊗ W₂)ᵀ`: with each row as a matrix `X` `[c, d]`, `W₁·X·W₂ᵀ`.
    private func product(with x: Tensor) throws(TorchError) -> Tensor {
        let count = x.dimension(0)
        var right = try x.reshape([count * columns.outer, columns.inner])
        switch second {
        case .product(let left, let inner):
            right = try right.matmul(inner().transpose(0, 1)).matmul(left().transpose(0, 1))
        case .whole, .tucker: right = try right.matmul(secondMatrix().transpose(0, 1))
        }
        let turned = try right.reshape([count, columns.outer, rows.inner]).transpose(1, 2)
        let mixed = try turned.reshape([count * rows.inner, columns.outer]).matmul(firstMatrix().transpose(0, 1))
        return try mixed.reshape([count, rows.inner, rows.outer]).transpose(1, 2).reshape([count, -1])
    }

    /// `W₁`, with the scalar in it.
    private func firstMatrix() throws(TorchError) -> Tensor {
        let matrix: Tensor
        switch first {
        case .whole(let whole): matrix = try whole()
        case .product(let left, let right): matrix = try left().matmul(right())
        case .tucker(_, let left, let right): matrix = try left().matmul(right())
        }
        guard let scalar else { return matrix }
        return try matrix * scalar()
    }

    /// `W₂` as `[b, d · kernel]`.
    private func secondMatrix() throws(TorchError) -> Tensor {
        switch second {
        case .whole(let whole): try whole().reshape([rows.inner, -1])
        case .product(let left, let right): try left().matmul(right())
        case .tucker(let core, let left, let right):
            try TuckerProduct.expand(core: core(), left: left(), right: right())
        }
    }

    /// `s·(W₁ ⊗ W₂)` in the checkpoint's shape.
    private func difference(of layer: Linear) throws(TorchError) -> Tensor {
        try (firstMatrix().kron(secondMatrix()) * scale).reshape(layer.storedShape)
    }

    func fileTensors() throws(TorchError) -> [(name: String, value: Tensor)] {
        var tensors: [(name: String, value: Tensor)] = [(prefix + "alpha", alpha)]
        for parameter in parameters where parameter !== scalar {
            let isFirst = parameter === first.parameters.first
            let value = try parameter.value.detach()
            if isFirst, let scalar {
                tensors.append((parameter.name, try value * scalar.value.detach()))
            } else {
                tensors.append((parameter.name, value))
            }
        }
        return tensors
    }
}

/// A dimension as a product of two numbers, as LyCORIS splits it.
package struct KroneckerSplit: Sendable, Equatable {
    /// The smaller one, of the first factor.
    package let outer: Int
    /// The larger one, of the second factor.
    package let inner: Int

    /// Splits a dimension.
    ///
    /// - Parameters:
    ///   - dimension: the size, at least 1.
    ///   - factor: one of the two where it divides the size; else a bound for the smaller one. Negative takes the most square
    ///     split.
    package init(_ dimension: Int, factor: Int) {
        if factor > 0, dimension % factor == 0 {
            (outer, inner) = (min(factor, dimension / factor), max(factor, dimension / factor))
            return
        }
        let bound = factor < 0 ? dimension : factor
        var (small, large) = (1, dimension)
        let longest = small + large
        while small < large {
            var next = small + 1
            while dimension % next != 0 { next += 1 }
            let rest = dimension / next
            if next + rest > longest || next > bound { break }
            (small, large) = (next, rest)
        }
        (outer, inner) = (min(small, large), max(small, large))
    }
}
