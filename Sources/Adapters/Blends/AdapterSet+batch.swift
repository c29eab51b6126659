// SPDX-License-Identifier: Apache-2.0

import Layers

extension AdapterSet {
    /// Makes a blend of its own act on each item of a batch, or on runs of its positions.
    ///
    /// Where all items ask for the same everywhere, the whole batch takes it at once.
    /// If this throws, what acts now stays.
    ///
    /// - Parameters:
    ///   - batch: what acts where.
    ///   - progress: the point of the denoising at which weights that change are taken, 0 the first step and 1 the last.
    ///   - copy: a merged part of the batch's blends, whose entries are left out of the branches. Nil for none.
    /// - Throws: `AdapterError.unknownName`, `.selectedTwice` or `.invalidWeight`.
    package func select(
        _ batch: BatchBlend,
        at progress: Double = 0,
        over copy: MergedCopy? = nil
    ) throws(AdapterError) {
        let batch = copy.map { batch.without($0.entries) } ?? batch
        if let first = batch.voices.first, batch.voices.allSatisfy({ $0 == first }) {
            return try select(first, at: progress, over: copy)
        }
        var branches: [String: [PartBranch]] = [:]
        for (voice, blend) in batch.voices.enumerated() {
            for (path, share) in try blends(of: blend, at: progress) {
                branches[path, default: []] += parts(of: batch, voice, path: path).map { row, positions in
                    PartBranch(row: row, positions: positions, branches: share.branches)
                }
            }
        }
        attach(branches, over: copy)
    }

    /// Makes a blend of its own act on each item of a batch, everywhere.
    ///
    /// - Throws: `AdapterError.unknownName`, `.selectedTwice` or `.invalidWeight`.
    public func select(items blends: [[BlendEntry]], at progress: Double = 0) throws(AdapterError) {
        try select(BatchBlend(items: blends, positions: 1), at: progress)
    }

    /// Where a voice acts in the input of a layer.
    private func parts(of batch: BatchBlend, _ voice: Int, path: String) -> [(row: Int, positions: Range<Int>?)] {
        guard let voicing = batch.voicing, input(of: path) == .positions else { return [(voice, nil)] }
        let item = voicing.itemOfVoice[voice]
        return voicing.items[item].filter { $0.voice == voice }.map { (item, $0.positions) }
    }
}
