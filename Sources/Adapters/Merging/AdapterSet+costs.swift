// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// What a blend costs in either way of computing it, as measured on some of its layers.
public struct BlendCosts: Sendable, Equatable {
    /// Seconds that the branches add to a pass through the model.
    public var branchSeconds: Double
    /// Seconds that merging takes.
    public var mergeSeconds: Double
    /// Bytes of the merged copy.
    public var mergedByteCount: Int

    /// Names all.
    public init(branchSeconds: Double, mergeSeconds: Double, mergedByteCount: Int) {
        self.branchSeconds = branchSeconds
        self.mergeSeconds = mergeSeconds
        self.mergedByteCount = mergedByteCount
    }
}

extension AdapterSet {
    /// The rows that are measured at most; more cost in proportion.
    private static let mostRows = 512

    /// Measures what a blend costs: the branches of one layer of each kind that it changes, and the merging of one of them.
    ///
    /// Layers of equal size with effects of equal size are of one kind. Those that read no positions are left out: they are
    /// computed once for many passes.
    ///
    /// - Parameters:
    ///   - blend: adapters with constant weights.
    ///   - rows: positions of all items together.
    /// - Returns: the costs for one pass, and for merging all layers.
    /// - Throws: `AdapterError.unknownName`, `.selectedTwice`, `.invalidWeight` or `TorchError`.
    package func measureCosts(of blend: [BlendEntry], rows: Int) throws -> BlendCosts {
        let branches = try blends(of: blend.map(\.everywhere), at: 0)
        var kinds: [String: (path: String, count: Int)] = [:]
        var elements = 0
        for path in branches.keys.sorted() {
            guard let layer = self[layer: path] else { continue }
            elements += layer.weight.count
            if input(of: path) == .positions { kinds[kind(of: path, layer, blend), default: (path, 0)].count += 1 }
        }
        let measured = min(max(rows, 1), Self.mostRows)
        var seconds = 0.0
        for (path, count) in kinds.values {
            guard let layer = self[layer: path], let share = branches[path] else { continue }
            seconds += Double(count) * (try Self.seconds(of: share.branches, on: layer, rows: measured))
        }
        return BlendCosts(
            branchSeconds: seconds * Double(rows) / Double(measured),
            mergeSeconds: try mergeSeconds(of: blend, onKinds: kinds.values.map(\.path)) * Double(elements),
            mergedByteCount: mergedByteCount(of: blend)
        )
    }

    private func kind(of path: String, _ layer: Linear, _ blend: [BlendEntry]) -> String {
        let effects = blend.sorted { $0.name < $1.name }.flatMap { self[$0.name]?.effects[path] ?? [] }
        return "\(layer.weight.shape) " + effects.map { "\(type(of: $0)) \($0.byteCount)" }.joined(separator: ", ")
    }

    /// Seconds of a layer's branches; the least of three, since other work on the machine only adds.
    private static func seconds(of branches: [any LayerBranch], on layer: Linear, rows: Int) throws -> Double {
        let (dtype, device) = (layer.weight.dtype, layer.weight.device)
        let input = try Tensor.ones([1, rows, layer.inputFeatures], dtype: dtype, device: device)
        var least = Double.infinity
        for _ in 0..<3 {
            var output = try Tensor.zeros([1, rows, layer.outputFeatures], dtype: dtype, device: device)
            let start = ContinuousClock.now
            for branch in branches { output = try branch.apply(input: input, output: output, layer: layer) }
            _ = try output.select(1, 0).select(1, 0).to(.float32).floats()  // waits until it is computed
            least = min(least, start.seconds)
        }
        return least
    }

    /// Seconds that merging takes for each element of a weight, on the smallest layer of those at the paths.
    private func mergeSeconds(of blend: [BlendEntry], onKinds paths: [String]) throws -> Double {
        let layers = paths.compactMap { self[layer: $0] }
        guard let layer = layers.min(by: { $0.weight.count < $1.weight.count }) else { return 0 }
        let shares = try shares(of: blend)[layer.path] ?? []
        var least = Double.infinity
        for _ in 0..<2 {
            let start = ContinuousClock.now
            _ = try Self.merged(layer, shares).weight.select(0, 0).select(0, 0).to(.float32).floats()
            least = min(least, start.seconds)
        }
        return least / Double(layer.weight.count)
    }
}

extension ContinuousClock.Instant {
    /// Seconds since then.
    fileprivate var seconds: Double {
        let parts = (ContinuousClock.now - self).components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
}
