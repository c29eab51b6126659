// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How much each denoising step counts; the sum is 1.
///
/// The first steps decide tempo, form and instruments, the last ones detail, while distances grow from step to step since every
/// difference is carried on: without weights the last steps alone would decide.
package enum StepWeights: Sendable, Equatable {
    /// Falls in a line from the first step to the last: N, N − 1, … 1.
    case linear
    /// Halves over each such share of the steps.
    case exponential(halfLife: Double)
    /// All steps count the same.
    case uniform
    /// Given for each step.
    case list([Double])

    /// The weights of a number of steps.
    ///
    /// - Parameter count: at least 1.
    /// - Returns: a weight for each step, their sum 1.
    /// - Throws: ``AttributionError/points(_:)`` if a list of another length was given.
    package func values(_ count: Int) throws(AttributionError) -> [Double] {
        precondition(count > 0, "a trajectory has steps")
        let raw: [Double]
        switch self {
        case .linear: raw = (0..<count).map { Double(count - $0) }
        case .exponential(let halfLife): raw = (0..<count).map { exp2(-Double($0) / (halfLife * Double(count))) }
        case .uniform: raw = Array(repeating: 1, count: count)
        case .list(let values):
            guard values.count == count else {
                throw .points(
                    "'comparison.weights' has \(values.count) numbers, the generation \(count) steps; give as many, or "
                        + "the name of a curve"
                )
            }
            raw = values
        }
        let sum = raw.reduce(0, +)
        return raw.map { $0 / sum }
    }

    /// What it is, for the notes of pictures and tables.
    package var summary: String {
        switch self {
        case .linear: "falling linearly over the steps"
        case .exponential(let halfLife): "halved over each \(Int((halfLife * 100).rounded())) % of the steps"
        case .uniform: "the same for all steps"
        case .list: "given for each step"
        }
    }
}
