// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Multinomial logistic regression by gradient descent with momentum, over all examples at once.
enum SoftmaxFit {
    private static let rate = 0.2
    private static let momentum = 0.9
    /// What pulls the weights to 0.
    private static let decay = 1e-2

    /// Fits weights.
    ///
    /// - Parameters:
    ///   - examples: rows of normalised features.
    ///   - labels: the class of each.
    ///   - classes: how many there are.
    ///   - passes: steps of the descent.
    /// - Returns: `[classes][features + 1]`, the last a bias.
    static func weights(_ examples: [[Double]], _ labels: [Int], classes: Int, passes: Int) -> [[Double]] {
        let width = (examples.first?.count ?? 0) + 1
        var weights = [[Double]](repeating: [Double](repeating: 0, count: width), count: classes)
        var velocity = weights
        for _ in 0..<passes {
            var gradient = weights.map { $0.dropLast().map { $0 * decay } + [0] }
            for (example, label) in zip(examples, labels) {
                let shares = shares(example, weights)
                for number in 0..<classes {
                    let error = (shares[number] - (number == label ? 1 : 0)) / Double(examples.count)
                    for place in 0..<width - 1 { gradient[number][place] += error * example[place] }
                    gradient[number][width - 1] += error
                }
            }
            for number in 0..<classes {
                for place in 0..<width {
                    velocity[number][place] = momentum * velocity[number][place] - rate * gradient[number][place]
                    weights[number][place] += velocity[number][place]
                }
            }
        }
        return weights
    }

    /// How likely each class is.
    static func shares(_ example: [Double], _ weights: [[Double]]) -> [Double] {
        let scores = weights.map { row in
            var sum = row[row.count - 1]
            for place in example.indices { sum += row[place] * example[place] }
            return sum
        }
        let largest = scores.max() ?? 0
        let powers = scores.map { exp($0 - largest) }
        let total = powers.reduce(0, +)
        return powers.map { $0 / total }
    }
}
