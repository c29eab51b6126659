// SPDX-License-Identifier: Apache-2.0

/// Which layers are computed again in the backward pass, in exchange for the memory of what happens in them.
package enum Recomputation {
    /// The layers for a share of all, spread evenly.
    ///
    /// - Parameters:
    ///   - share: 1 or more for all layers, 0 or less for none.
    ///   - count: how many layers there are.
    /// - Returns: numbers of layers.
    package static func layers(share: Double, of count: Int) -> Set<Int> {
        guard share > 0, count > 0 else { return [] }
        let wanted = Int((Double(count) * share).rounded(.toNearestOrEven))
        guard wanted < count else { return Set(0..<count) }
        guard wanted > 1 else { return wanted == 1 ? [0] : [] }
        return Set(
            (0..<wanted).map { place in
                Int((Double(place * (count - 1)) / Double(wanted - 1)).rounded(.toNearestOrEven))
            }
        )
    }
}
