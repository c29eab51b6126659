// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// The shapes that LoHa's tensors must have: two products of one rank, both with a Tucker core or neither.
///
/// Source: LyCORIS 4.1.3, `modules/loha.py`.
struct HadamardShapes {
    let tensors: [TensorRole: TensorDescription]
    let module: ModulePath

    /// Checks the tensors against each other and gives the rank.
    ///
    /// - Throws: `AdapterFormatError` naming the tensor that is wrong or missing.
    func rank() throws(AdapterFormatError) -> Int {
        let (firstCore, secondCore) = (tensors[.hadamardFirstTucker], tensors[.hadamardSecondTucker])
        let first = try rank(of: .hadamardFirstA, .hadamardFirstB, core: firstCore)
        let second = try rank(of: .hadamardSecondA, .hadamardSecondB, core: secondCore)
        if firstCore == nil, secondCore != nil { throw missing(.hadamardFirstTucker) }
        if firstCore != nil, secondCore == nil { throw missing(.hadamardSecondTucker) }
        if first != second, let left = tensors[.hadamardSecondA] {
            throw .unexpectedShape(
                tensor: left.name,
                shape: left.shape,
                expected: "rank \(first), as the first product's"
            )
        }
        return first
    }

    private func rank(
        of left: TensorRole,
        _ right: TensorRole,
        core: TensorDescription?
    ) throws(AdapterFormatError) -> Int {
        guard let a = tensors[left] else { throw missing(left) }
        guard let b = tensors[right] else { throw missing(right) }
        if let core { return try TuckerShapes.rank(core: core, a, b) }
        try a.require(a.isFilled(2...2), "[out, r]")
        try b.require(b.isFilled(2...4) && b.shape[0] == a.shape[1], "[\(a.shape[1]), in · kernel]")
        return a.shape[1]
    }

    private func missing(_ role: TensorRole) -> AdapterFormatError {
        let present = tensors.values.map(\.name).min() ?? "nothing"
        return .incompleteModule(module: module.text, present: present, missing: role.rawValue)
    }
}
