// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
import Torch

/// How two or more adapters get into each other's way on one base, and at which weights they would not.
public struct OverlapReport: Sendable, Equatable, Encodable {
    /// One module that two adapters change.
    public struct Layer: Sendable, Equatable, Encodable {
        /// Its path in the original layout.
        public let module: String
        /// The cosine of the two changes: 1 the same, 0 independent, −1 opposed.
        public let cosine: Double
        /// The smallest angle, in degrees, between the directions of the output that the two write to.
        public let smallestAngle: Double
        /// The mean square of the cosines of all principal angles: 0 apart, 1 the same directions.
        public let sharedOutput: Double
    }

    /// Two adapters.
    public struct Pair: Sendable, Equatable, Encodable {
        /// The first one's name.
        public let first: String
        /// The second one's name.
        public let second: String
        /// The cosine of all changes together.
        public let cosine: Double
        /// Every module that both change.
        public let layers: [Layer]
    }

    /// Every pair.
    public let pairs: [Pair]
    /// The adapters' names.
    public let adapters: [String]
    /// How much all together at weight 1 change the base, relative to the strongest alone.
    public let overdrive: Double
    /// The weights at which all together change the base as much as the strongest alone; 1 each where they already do.
    public let suggestedWeights: [Double]

    /// Directions that are compared: the leading ones hold nearly all of an adapter's effect.
    private static let directions = 8
    /// Together they may change the base by this much more than the strongest does alone.
    private static let tolerated = 1.15

    /// Compares adapters, one module in memory at a time.
    ///
    /// - Parameters:
    ///   - descriptions: two adapters or more.
    ///   - base: their base.
    /// - Throws: ``ConversionError`` if one does not fit the base, and what reading throws.
    public init(_ descriptions: [AdapterDescription], base: BaseWeights) throws {
        var sums = Sums(count: descriptions.count)
        var layers: [[Int]: [Layer]] = [:]
        let sources = descriptions.map { EffectiveWeights($0) }
        let modules = try descriptions.map { description in
            try Dictionary(description.modules.map { (try base.path(of: $0.path), $0) }) { first, _ in first }
        }
        for path in Set(modules.flatMap(\.keys)).sorted() {
            try Task.checkCancellation()
            let weight = try base.weight(path)
            let size = try weight.norm().item()
            var changes: [(index: Int, change: Tensor)] = []
            for (index, source) in sources.enumerated() {
                guard let module = modules[index][path] else { continue }
                let change = try source.difference(of: module, base: weight).flatten(from: 1)
                changes.append((index, try change * (size > 0 ? 1 / size : 1)))
            }
            try sums.add(changes)
            for (position, first) in changes.enumerated() {
                for second in changes.dropFirst(position + 1) {
                    let layer = try Self.compare(first.change, second.change, path)
                    layers[[first.index, second.index], default: []].append(layer)
                }
            }
        }
        adapters = descriptions.map(\.name)
        pairs = layers.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, layers in
            Pair(
                first: descriptions[key[0]].name,
                second: descriptions[key[1]].name,
                cosine: sums.cosine(key[0], key[1]),
                layers: layers
            )
        }
        overdrive = sums.overdrive
        let weight = overdrive > Self.tolerated ? (100 / overdrive).rounded(.down) / 100 : 1
        suggestedWeights = descriptions.map { _ in weight }
    }

    private static func compare(_ first: Tensor, _ second: Tensor, _ path: String) throws -> Layer {
        let product = try (first * second).sum().item()
        let sizes = try first.norm().item() * second.norm().item()
        let left = try directions(of: first)
        let right = try directions(of: second)
        var cosines: [Double] = []
        if left.dimension(1) > 0, right.dimension(1) > 0 {
            cosines = try left.transpose(0, 1).matmul(right).svd().s.doubles().map { min(1, max(0, $0)) }
        }
        return Layer(
            module: path,
            cosine: sizes > 0 ? product / sizes : 0,
            smallestAngle: try Tensor([cosines.first ?? 0], shape: [1]).acos().item() * 180 / .pi,
            sharedOutput: cosines.isEmpty ? 0 : cosines.reduce(0) { $0 + $1 * $1 } / Double(cosines.count)
        )
    }

    /// An orthonormal basis of the leading output directions, `[out, n]`; those that are rounding are left out.
    private static func directions(of change: Tensor) throws -> Tensor {
        let (u, s, _) = try TruncatedSVD.decompose(change, rank: directions)
        let values = try s.doubles()
        let largest = values.first ?? 0
        return try u.narrow(1, from: 0, length: values.count { $0 > largest * 1e-4 && $0 > 0 })
    }

    /// Inner products of the adapters' changes over all modules, each relative to its base weight.
    private struct Sums {
        private var products: [[Double]]

        init(count: Int) { products = Array(repeating: Array(repeating: 0, count: count), count: count) }

        mutating func add(_ changes: [(index: Int, change: Tensor)]) throws {
            for (row, first) in changes {
                for (column, second) in changes where column >= row {
                    let product = try (first * second).sum().item()
                    products[row][column] += product
                    if column > row { products[column][row] += product }
                }
            }
        }

        func cosine(_ first: Int, _ second: Int) -> Double {
            let sizes = (products[first][first] * products[second][second]).squareRoot()
            return sizes > 0 ? products[first][second] / sizes : 0
        }

        /// ‖Σ changes‖ relative to the largest of them.
        var overdrive: Double {
            let largest = products.indices.map { products[$0][$0] }.max() ?? 0
            return largest > 0 ? (max(0, products.joined().reduce(0, +)) / largest).squareRoot() : 1
        }
    }
}
