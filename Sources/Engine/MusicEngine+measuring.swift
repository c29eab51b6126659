// SPDX-License-Identifier: Apache-2.0

package import ACEStep
package import Adapters
package import Layers

extension MusicEngine {
    /// Attaches resident adapters for a request in a given way, for measuring.
    ///
    /// - Parameters:
    ///   - adapters: what acts; strengths that change are taken as they are at the first step.
    ///   - request: says how long the song is.
    ///   - mode: whether what can be merged is.
    /// - Returns: seconds that it took, and which blend acts where.
    /// - Throws: `AdapterError` or `TorchError`.
    package func attach(
        _ adapters: [(name: String, reference: AdapterReference)],
        to request: MusicRequest,
        as mode: AdapterMode
    ) throws -> (seconds: Double, voicing: Voicing?) {
        let start = ContinuousClock.now
        let (model, set) = (try ready().model, try ready().adapters)
        let batch = BatchBlend(
            items: [try entries(adapters, for: request)],
            positions: model.tokenCount(request)
        )
        let part = batch.constantPart
        let canMerge = set.canMerge(part, under: Array(batch.without(part).items.joined()))
        let copy = mode == .merged && canMerge && !part.isEmpty ? try set.merge(part) : nil
        try set.select(batch, over: copy)
        return (start.secondsUntilNow, batch.voicing)
    }

    /// What the mergeable part of a request's adapters costs in either way, as the planner sees it.
    ///
    /// - Parameters:
    ///   - adapters: what acts.
    ///   - request: says how long the song is.
    /// - Returns: measured costs.
    /// - Throws: `AdapterError` or `TorchError`.
    package func measureCosts(
        of adapters: [(name: String, reference: AdapterReference)],
        for request: MusicRequest
    ) throws -> BlendCosts {
        let rows = try ready().model.tokenCount(request)
        let batch = BatchBlend(items: [try entries(adapters, for: request)], positions: rows)
        return try ready().adapters.measureCosts(of: batch.constantPart, rows: rows)
    }
}
