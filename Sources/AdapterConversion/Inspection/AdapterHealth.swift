// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints

/// What an adapter's numbers look like: NaN, infinities, zeros, and the largest of them.
public struct AdapterHealth: Sendable, Equatable, Encodable {
    /// A tensor that is not finite.
    public struct Broken: Sendable, Equatable, Encodable {
        /// Its name.
        public let tensor: String
        /// The first element that is NaN or infinite.
        public let index: Int
    }

    /// Tensors that are not finite.
    public let notFinite: [Broken]
    /// Modules in which a factor is all zeros: they change nothing.
    public let idleModules: [String]
    /// The largest magnitude among all weights.
    public let largestMagnitude: Double
    /// The tensor that holds it.
    public let largestTensor: String?

    /// Whether nothing is wrong with the numbers.
    public var isSound: Bool { notFinite.isEmpty && idleModules.isEmpty }

    /// Roles that act as a factor: if one is zero, so is the product.
    private static let factors: Set<TensorRole> = [
        .down, .up, .rotation, .kroneckerFirst, .kroneckerFirstA, .kroneckerFirstB, .kroneckerSecond,
        .kroneckerSecondA, .kroneckerSecondB, .kroneckerTucker, .hadamardFirstA, .hadamardFirstB, .hadamardSecondA,
        .hadamardSecondB, .hadamardFirstTucker, .hadamardSecondTucker, .weightDifference,
    ]

    /// Reads every tensor once.
    init(_ description: AdapterDescription) {
        var (broken, idle): ([Broken], [String]) = ([], [])
        var largest = (magnitude: 0.0, tensor: String?.none)
        for module in description.modules {
            var isIdle = false
            for (role, tensor) in module.tensors.sorted(by: { $0.value.name < $1.value.name }) {
                switch MagnitudeScan.scan(tensor, in: description.file.file) {
                case .nonFinite(let index)?: broken.append(Broken(tensor: tensor.name, index: index))
                case .finite(let magnitude)?:
                    if magnitude == 0, Self.factors.contains(role) { isIdle = true }
                    if role != .alpha, magnitude > largest.magnitude { largest = (magnitude, tensor.name) }
                case nil: break
                }
            }
            // Magnitudes and biases act beside a product that is zero.
            let hasMore = [TensorRole.magnitude, .weightNorm, .upBias, .biasDifference].contains {
                module.tensors[$0] != nil
            }
            if isIdle, !hasMore { idle.append(module.path.text) }
        }
        (notFinite, idleModules, largestMagnitude, largestTensor) = (broken, idle, largest.magnitude, largest.tensor)
    }
}
