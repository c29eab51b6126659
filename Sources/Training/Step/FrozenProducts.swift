// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// Products of samples' conditions with weights that are not trained: they are the same in every epoch.
///
/// Samples are kept until a budget is used up; those that come after are computed each time. Whoever comes round and round through
/// more than fits would find nothing in a cache that forgets the oldest.
final class FrozenProductStore {
    /// The conditions of one sample, or of none.
    struct Key: Hashable {
        let sample: Int?
        let path: String
    }

    private let byteBudget: Int
    private(set) var byteCount = 0
    private var products: [Key: Tensor] = [:]

    /// - Parameter byteBudget: the most memory to use; 0 keeps nothing.
    init(byteBudget: Int) {
        self.byteBudget = byteBudget
    }

    /// A product, kept or computed.
    func product(_ key: Key, _ compute: () throws(TorchError) -> Tensor) throws(TorchError) -> Tensor {
        if let product = products[key] { return product }
        let product = try withoutGradients(compute)
        if byteCount + product.byteCount <= byteBudget {
            products[key] = product
            byteCount += product.byteCount
        }
        return product
    }
}

/// The products of one batch.
struct FrozenProducts {
    /// The conditions of one item.
    struct Item {
        /// The sample; nil for the condition that stands for none.
        let sample: Int?
        /// Positions that are its own; the others of the batch are filling.
        let length: Int
    }

    let store: FrozenProductStore
    let items: [Item]

    /// Whether a projection reads embedded conditions: keys and values of cross-attention.
    static func mayCover(_ path: String) -> Bool {
        path.hasSuffix(".cross_attn.k_proj") || path.hasSuffix(".cross_attn.v_proj")
    }

    /// Whether a projection's products are kept.
    func covers(_ path: String) -> Bool { Self.mayCover(path) }

    /// The product of a projection's weight with the batch's embedded conditions, no bias.
    ///
    /// - Parameters:
    ///   - layer: the projection.
    ///   - x: `[items, length, in]`.
    /// - Returns: `[items, length, out]`; zeros where there is filling.
    /// - Throws: `TorchError` if an operation fails.
    func product(of layer: Linear, _ x: Tensor) throws(TorchError) -> Tensor {
        var parts: [Tensor] = []
        for (position, item) in items.enumerated() {
            let key = FrozenProductStore.Key(sample: item.sample, path: layer.path)
            let part = try store.product(key) { () throws(TorchError) in
                try layer.product(x.slice(0, from: position, to: position + 1).slice(1, from: 0, to: item.length))
            }
            let surplus = x.dimension(1) - item.length
            parts.append(surplus == 0 ? part : try part.pad([0, 0, 0, surplus]))
        }
        return parts.count == 1 ? parts[0] : try Tensor.cat(parts, dimension: 0)
    }
}
