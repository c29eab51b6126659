// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// The shapes that LoKr's tensors must have: each factor whole or a product, the second perhaps with a Tucker core.
///
/// Source: LyCORIS 4.1.3, `modules/lokr.py`, and PEFT 0.21.2, `tuners/lokr/layer.py`.
struct KroneckerShapes {
    let tensors: [TensorRole: TensorDescription]
    let module: ModulePath

    /// Checks the tensors against each other.
    ///
    /// - Returns: the inner dimension of whichever factor is a product. Nil if both are whole.
    /// - Throws: `AdapterFormatError` naming the tensor that is wrong or missing.
    func rank() throws(AdapterFormatError) -> Int? {
        let first = try rank(of: .kroneckerFirst, .kroneckerFirstA, .kroneckerFirstB, core: nil)
        let second = try rank(
            of: .kroneckerSecond,
            .kroneckerSecondA,
            .kroneckerSecondB,
            core: tensors[.kroneckerTucker]
        )
        if let first, let second, first != second, let left = tensors[.kroneckerSecondA] {
            throw .unexpectedShape(
                tensor: left.name,
                shape: left.shape,
                expected: "rank \(first), as the first factor's"
            )
        }
        return first ?? second
    }

    private func rank(
        of whole: TensorRole,
        _ left: TensorRole,
        _ right: TensorRole,
        core: TensorDescription?
    ) throws(AdapterFormatError) -> Int? {
        let parts = [tensors[left], tensors[right], core].compactMap { $0 }
        if let tensor = tensors[whole] {
            guard parts.isEmpty else {
                throw .mixedModule(module: module.text, tensors: ([tensor] + parts).map(\.name).sorted())
            }
            let ranks = whole == .kroneckerFirst ? 2...2 : 2...4
            try tensor.require(tensor.isFilled(ranks), ranks.count == 1 ? "a matrix" : "[out, in] or [out, in, kernel]")
            return nil
        }
        let present = tensors.values.map(\.name).min() ?? "nothing"
        guard let a = tensors[left], let b = tensors[right] else {
            let missing = tensors[left] == nil && tensors[right] == nil ? whole : tensors[left] == nil ? left : right
            throw .incompleteModule(module: module.text, present: present, missing: missing.rawValue)
        }
        guard let core else {
            try a.require(a.isFilled(2...2), "[out, r]")
            try b.require(b.isFilled(2...4) && b.shape[0] == a.shape[1], "[\(a.shape[1]), in · kernel]")
            return a.shape[1]
        }
        return try TuckerShapes.rank(core: core, a, b)
    }
}

/// The shapes of a Tucker product: `core [r, r, kernel]`, `[r, out]`, `[r, in]`.
enum TuckerShapes {
    /// Checks the three tensors against each other and gives the rank.
    ///
    /// - Throws: `AdapterFormatError.unexpectedShape`.
    static func rank(
        core: TensorDescription,
        _ left: TensorDescription,
        _ right: TensorDescription
    ) throws(AdapterFormatError) -> Int {
        try core.require(core.isFilled(3...4) && core.shape[0] == core.shape[1], "[r, r, kernel]")
        let rank = core.shape[0]
        try left.require(left.isFilled(2...2) && left.shape[0] == rank, "[\(rank), out]")
        try right.require(right.isFilled(2...2) && right.shape[0] == rank, "[\(rank), in]")
        return rank
    }
}
