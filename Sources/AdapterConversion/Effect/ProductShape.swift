// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints

/// The matrix that a module's factors multiply out to, worked out from their shapes before anything is multiplied.
///
/// Factors of a few kilobytes can stand for a matrix of terabytes; nothing is allocated before this has been checked.
struct ProductShape {
    /// `out`.
    let rows: Int
    /// `in`, times the kernel of a convolution.
    let columns: Int

    /// Four times the largest weight of the largest variant.
    private static let maximumCount = 1 << 28

    /// Works out the shape.
    ///
    /// - Throws: `AdapterFormatError` for tensors that cannot be multiplied, ``ConversionError/tooLarge(module:shape:)``.
    init(of module: AdapterModule) throws {
        let roles = Roles(module: module)
        switch module.kind {
        case .lora, .dora:
            rows = try roles.shape(.up, dimensions: 2...3)[0]
            columns = Self.product(try roles.shape(.down, dimensions: 2...3).dropFirst())
        case .lokr:
            let first = try roles.matrix(.kroneckerFirst, .kroneckerFirstA, .kroneckerFirstB, core: nil)
            let second = try roles.matrix(
                .kroneckerSecond,
                .kroneckerSecondA,
                .kroneckerSecondB,
                core: .kroneckerTucker
            )
            rows = Self.product([first.rows, second.rows])
            columns = Self.product([first.columns, second.columns])
        case .loha:
            let first = try roles.matrix(nil, .hadamardFirstA, .hadamardFirstB, core: .hadamardFirstTucker)
            let second = try roles.matrix(nil, .hadamardSecondA, .hadamardSecondB, core: .hadamardSecondTucker)
            guard first == second else {
                throw ConversionError.misfit(
                    module: module.path.text,
                    found: [first.rows, first.columns],
                    expected: [second.rows, second.columns]
                )
            }
            (rows, columns) = first
        case .difference:
            let shape = try roles.shape(.weightDifference, dimensions: 2...3)
            (rows, columns) = (shape[0], Self.product(shape.dropFirst()))
        case .oft: (rows, columns) = (0, 0)
        }
        let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
        guard !overflow, count <= Self.maximumCount else {
            throw ConversionError.tooLarge(module: module.path.text, shape: [rows, columns])
        }
    }

    /// Compares with the base's weight, if there is one.
    func check(against base: [Int]?, module: AdapterModule) throws {
        guard let base else { return }
        guard base.first == rows, Self.product(base.dropFirst()) == columns else {
            throw ConversionError.misfit(module: module.path.text, found: [rows, columns], expected: base)
        }
    }

    /// The product of sizes; `Int.max` where it is larger, which no check accepts.
    fileprivate static func product(_ sizes: some Sequence<Int>) -> Int {
        sizes.reduce(1) { product, size in
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            return overflow ? .max : next
        }
    }
}

/// A module's tensors, asked for by role and checked against each other.
private struct Roles {
    let module: AdapterModule

    func shape(_ role: TensorRole, dimensions: ClosedRange<Int>) throws -> [Int] {
        guard let tensor = module.tensors[role] else {
            throw AdapterFormatError.incompleteModule(
                module: module.path.text,
                present: module.tensors.values.map(\.name).min() ?? "nothing",
                missing: role.rawValue
            )
        }
        guard dimensions.contains(tensor.shape.count), !tensor.shape.contains(0) else {
            throw AdapterFormatError.unexpectedShape(
                tensor: tensor.name,
                shape: tensor.shape,
                expected: "\(dimensions.lowerBound) to \(dimensions.upperBound) dimensions, none of size 0"
            )
        }
        return tensor.shape
    }

    /// A factor that is stored whole, as a product of two, or as a Tucker core with two.
    func matrix(
        _ whole: TensorRole?,
        _ left: TensorRole,
        _ right: TensorRole,
        core: TensorRole?
    ) throws -> (rows: Int, columns: Int) {
        if let whole, module.tensors[whole] != nil {
            let shape = try shape(whole, dimensions: 2...3)
            return (shape[0], ProductShape.product(shape.dropFirst()))
        }
        let first = try shape(left, dimensions: 2...2)
        let second = try shape(right, dimensions: 2...2)
        guard let core, module.tensors[core] != nil else {
            try require(first[1] == second[0], right, second, "[\(first[1]), …]")
            return (first[0], second[1])
        }
        // A Tucker core [r, r, kernel] with [r, out] and [r, in].
        let middle = try shape(core, dimensions: 3...3)
        try require(
            middle[0] == first[0] && middle[1] == second[0],
            core,
            middle,
            "[\(first[0]), \(second[0]), kernel]"
        )
        return (first[1], ProductShape.product([second[1], middle[2]]))
    }

    private func require(_ fits: Bool, _ role: TensorRole, _ shape: [Int], _ expected: String) throws {
        guard fits else {
            throw AdapterFormatError.unexpectedShape(
                tensor: module.tensors[role]?.name ?? role.rawValue,
                shape: shape,
                expected: expected
            )
        }
    }
}
