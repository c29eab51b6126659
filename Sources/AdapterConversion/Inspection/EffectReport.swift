// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
import Torch

/// How much an adapter changes each weight of a base: ‖W′ − W‖ / ‖W‖, and what of the base it covers.
public struct EffectReport: Sendable, Equatable, Encodable {
    /// One module.
    public struct Layer: Sendable, Equatable, Encodable {
        /// Its path in the original layout.
        public let module: String
        /// The layer's number; nil outside the layers.
        public let layer: Int?
        /// `self`, `cross`, `mlp` or `other`.
        public let group: String
        /// ‖W′ − W‖ / ‖W‖ in the Frobenius norm.
        public let relativeChange: Double
        /// What is odd about it: `dead`, `exploding`, or nothing.
        public fileprivate(set) var remark: String?
    }

    /// How many of the base's modules of one group the adapter changes.
    public struct Coverage: Sendable, Equatable, Encodable {
        /// `self`, `cross`, `mlp` or `other`.
        public let group: String
        /// Modules that it changes.
        public let changed: Int
        /// Modules that the base has.
        public let total: Int
    }

    /// Every module that the adapter changes.
    public let layers: [Layer]
    /// By group.
    public let coverage: [Coverage]
    /// Modules of the adapter that the base does not have.
    public let unmatched: [String]
    /// The base's layers.
    public let layerCount: Int

    /// The groups in the order in which people think of them.
    public static let groups = ["self", "cross", "mlp", "other"]
    /// Below this the change is smaller than the rounding of the weights themselves in bfloat16, thousandfold.
    private static let deadChange = 1e-6
    /// A weight that changes by more than itself is not the weight any more.
    private static let explodingChange = 1.0
    /// A layer that changes this many times more than the median has run away from the others.
    private static let explodingRatio = 30.0

    /// Measures every module, one layer in memory at a time.
    ///
    /// - Parameters:
    ///   - description: the adapter.
    ///   - base: the base.
    /// - Throws: ``ConversionError`` for shapes that do not fit, and what reading throws.
    public init(_ description: AdapterDescription, base: BaseWeights) throws {
        let weights = EffectiveWeights(description)
        var (layers, unmatched): ([Layer], [String]) = ([], [])
        for module in description.modules {
            try Task.checkCancellation()
            guard base.contains(module.path) else {
                unmatched.append(module.path.text)
                continue
            }
            let path = try base.path(of: module.path)
            let weight = try base.weight(path)
            let change = try weights.difference(of: module, base: weight).norm().item()
            let size = try weight.norm().item()
            layers.append(
                Layer(
                    module: path,
                    layer: ModulePath(spelled: path).layer,
                    group: Self.group(of: path),
                    relativeChange: size > 0 ? change / size : change
                )
            )
        }
        self.layers = Self.remarked(layers).sorted { ($0.layer ?? -1, $0.module) < ($1.layer ?? -1, $1.module) }
        self.unmatched = unmatched
        layerCount = base.layerCount
        let changed = Dictionary(grouping: layers, by: \.group).mapValues(\.count)
        let total = Dictionary(grouping: base.paths.map(Self.group), by: { $0 }).mapValues(\.count)
        coverage = Self.groups.map { Coverage(group: $0, changed: changed[$0] ?? 0, total: total[$0] ?? 0) }
    }

    /// The root of the mean square of the changes of a block; nil if the adapter does not touch it.
    public func change(layer: Int?, group: String) -> Double? {
        let squares = layers.filter { $0.layer == layer && $0.group == group }.map {
            $0.relativeChange * $0.relativeChange
        }
        return squares.isEmpty ? nil : (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    }

    private static func group(of path: String) -> String {
        if path.contains("self_attn") { return "self" }
        if path.contains("cross_attn") { return "cross" }
        return path.contains(".mlp.") ? "mlp" : "other"
    }

    private static func remarked(_ layers: [Layer]) -> [Layer] {
        let sorted = layers.map(\.relativeChange).sorted()
        let median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        return layers.map { layer in
            var layer = layer
            if layer.relativeChange < deadChange {
                layer.remark = "dead"
            } else if layer.relativeChange > explodingChange || layer.relativeChange > explodingRatio * median {
                layer.remark = "exploding"
            }
            return layer
        }
    }
}
