// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import Layers
import Torch

/// LoKr: `W + s·(W₁ ⊗ W₂)`, as LyCORIS's forward and PEFT compute it.
struct KroneckerFamily: AdditiveFamily {
    var kinds: Set<AdapterKind> { [.lokr] }

    func difference(
        of module: AdapterModule,
        on layer: Linear,
        reading tensors: AdapterTensors,
        as dtype: DType
    ) throws -> any WeightDifference {
        let shape = layer.storedShape
        try requireFit(of: module, shape, tensors)
        if module.isPEFT, let second = module.tensors[.kroneckerSecond], second.shape.count == 3 {
            return try misalignedProduct(of: module, second, shape[0], reading: tensors)
        }
        return KroneckerProduct(
            first: try first(of: module, reading: tensors, as: dtype),
            second: try second(of: module, shape, reading: tensors, as: dtype),
            scale: module.scale
        )
    }

    /// Checks the factors' sizes against the layer before anything is multiplied: the product of hostile factors may be
    /// larger than any memory.
    private func requireFit(of module: AdapterModule, _ shape: [Int], _ tensors: AdapterTensors) throws {
        let firstRows = try tensors.description(.kroneckerFirst, or: .kroneckerFirstA, of: module)
        let firstColumns = try tensors.description(.kroneckerFirst, or: .kroneckerFirstB, of: module)
        let secondRows = try tensors.description(.kroneckerSecond, or: .kroneckerSecondA, of: module)
        let secondColumns = try tensors.description(.kroneckerSecond, or: .kroneckerSecondB, of: module)
        let rows = firstRows.shape[0].multipliedReportingOverflow(by: Self.rowCount(secondRows, module))
        try tensors.require(
            secondRows,
            !rows.overflow && rows.partialValue == shape[0],
            "a factor that makes \(shape[0]) rows with \(firstRows.shape[0])"
        )
        let kernel = shape.dropFirst(2).reduce(1, *)
        let isTucker = module.tensors[.kroneckerTucker] != nil
        let size = secondColumns.shape.dropFirst().reduce(isTucker ? kernel : 1) { $0.multipliedOrMaximum(by: $1) }
        let columns = firstColumns.shape[1].multipliedReportingOverflow(by: size)
        let rowSize = shape.dropFirst().reduce(1, *)
        try tensors.require(
            secondColumns,
            !columns.overflow && columns.partialValue == rowSize && size % kernel == 0,
            "a factor that makes \(rowSize) columns with \(firstColumns.shape[1])"
        )
        if let core = module.tensors[.kroneckerTucker] {
            try tensors.require(core, TuckerProduct.fits(core, shape), "[r, r, kernel] of \(shape)")
        }
    }

    private static func rowCount(_ tensor: TensorDescription, _ module: AdapterModule) -> Int {
        tensor.shape[module.tensors[.kroneckerTucker] == nil ? 0 : 1]
    }

    /// PEFT's own product of a matrix and a one-dimensional convolution's factor.
    ///
    /// PEFT 0.21.2 aligns the matrix with the last two dimensions of `[b, d, kernel]`, where LyCORIS aligns it with the
    /// first two; what it trains is what it computes.
    private func misalignedProduct(
        of module: AdapterModule,
        _ second: TensorDescription,
        _ rowCount: Int,
        reading tensors: AdapterTensors
    ) throws -> WholeDifference {
        let first = try first(of: module, reading: tensors, as: .float32).unsqueeze(0)
        let product = try first.kron(tensors.read(second, as: .float32)).reshape([rowCount, -1])
        return WholeDifference(matrix: product, scale: module.scale)
    }

    private func first(of module: AdapterModule, reading tensors: AdapterTensors, as dtype: DType) throws -> Tensor {
        if let whole = module.tensors[.kroneckerFirst] { return try tensors.read(whole, as: dtype) }
        let left = try tensors.read(tensors.description(.kroneckerFirstA, of: module), as: .float32)
        let right = try tensors.read(tensors.description(.kroneckerFirstB, of: module), as: .float32)
        return try left.matmul(right).to(dtype)
    }

    private func second(
        of module: AdapterModule,
        _ shape: [Int],
        reading tensors: AdapterTensors,
        as dtype: DType
    ) throws -> FactoredMatrix {
        if let whole = module.tensors[.kroneckerSecond] {
            return .whole(try tensors.read(whole, as: dtype).reshape([whole.shape[0], -1]))
        }
        let left = try tensors.description(.kroneckerSecondA, of: module)
        let right = try tensors.description(.kroneckerSecondB, of: module)
        if let core = module.tensors[.kroneckerTucker] {
            let product = try TuckerProduct.expand(
                core: tensors.read(core, as: .float32),
                left: tensors.read(left, as: .float32),
                right: tensors.read(right, as: .float32)
            )
            return .whole(try product.to(dtype))
        }
        return .product(
            left: try tensors.read(left, as: dtype),
            right: try tensors.read(right, as: dtype).reshape([right.shape[0], -1])
        )
    }
}

extension Int {
    /// The product, or the largest number where it does not fit.
    func multipliedOrMaximum(by other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
