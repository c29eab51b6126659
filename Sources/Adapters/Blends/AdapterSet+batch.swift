// SPDX-License-Identifier: Apache-2.0

extension AdapterSet {
    /// Makes a blend of its own act on each item of a batch.
    ///
    /// Where all items ask for the same, the whole batch takes it at once.
    /// If this throws, what acts now stays.
    ///
    /// - Parameter blends: one for each item, in the batch's order.
    /// - Throws: `AdapterError.unknownName`, `.selectedTwice` or `.invalidWeight`.
    public func select(items blends: [[BlendEntry]]) throws(AdapterError) {
        if let first = blends.first, blends.allSatisfy({ $0 == first }) { return try select(first) }
        var branches: [String: [ItemBranch]] = [:]
        for (item, blend) in blends.enumerated() {
            for (path, share) in try self.blends(of: blend) {
                branches[path, default: []].append(ItemBranch(item: item, branches: share.branches))
            }
        }
        attach(branches)
    }
}
