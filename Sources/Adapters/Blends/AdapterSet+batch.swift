// SPDX-License-Identifier: Apache-2.0

extension AdapterSet {
    /// Makes a blend of its own act on each item of a batch.
    ///
    /// Where all items ask for the same, the whole batch takes it at once.
    /// If this throws, what acts now stays.
    ///
    /// - Parameters:
    ///   - blends: one for each item, in the batch's order.
    ///   - progress: the point of the denoising at which weights that change are taken, 0 the first step and 1 the last.
    /// - Throws: `AdapterError.unknownName`, `.selectedTwice` or `.invalidWeight`.
    public func select(items blends: [[BlendEntry]], at progress: Double = 0) throws(AdapterError) {
        if let first = blends.first, blends.allSatisfy({ $0 == first }) { return try select(first, at: progress) }
        var branches: [String: [ItemBranch]] = [:]
        for (item, blend) in blends.enumerated() {
            for (path, share) in try self.blends(of: blend, at: progress) {
                branches[path, default: []].append(ItemBranch(item: item, branches: share.branches))
            }
        }
        attach(branches)
    }
}
