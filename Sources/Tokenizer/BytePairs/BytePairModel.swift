// SPDX-License-Identifier: Apache-2.0

/// The `model` section: turns the bytes of a word into tokens by joining pairs.
struct BytePairModel: Sendable {
    let vocabulary: Vocabulary
    let merges: MergeTable
    /// The token of each single byte.
    let byteIDs: [Int32]
    /// Whether a word that is a token stays whole even where the merges would not build it.
    let ignoresMerges: Bool

    /// Memory used again for each word of a text.
    struct Workspace {
        fileprivate var symbols: [Symbol] = []
        fileprivate var queue = MergeQueue()
        fileprivate var spelling: [UInt8] = []
    }

    /// A token of the word so far, in a list linked both ways; -1 is no neighbour.
    fileprivate struct Symbol {
        var id: Int32
        var previous: Int32
        var next: Int32
    }

    /// Appends the tokens of a word, in n log n steps for n bytes.
    func encode(_ utf8: [UInt8], _ word: Range<Int>, into ids: inout [Int], _ workspace: inout Workspace) {
        if ignoresMerges, let id = wholeToken(utf8, word, &workspace.spelling) {
            ids.append(id)
            return
        }
        workspace.symbols.removeAll(keepingCapacity: true)
        for (index, byte) in utf8[word].enumerated() {
            let next = index + 1 == word.count ? -1 : Int32(index + 1)
            workspace.symbols.append(Symbol(id: byteIDs[Int(byte)], previous: Int32(index) - 1, next: next))
        }
        for index in 0..<Int32(word.count) { enqueue(index, &workspace) }
        while let step = workspace.queue.removeFirst() { join(step, &workspace) }
        var index: Int32 = word.isEmpty ? -1 : 0
        while index >= 0 {
            ids.append(Int(workspace.symbols[Int(index)].id))
            index = workspace.symbols[Int(index)].next
        }
    }

    private func wholeToken(_ utf8: [UInt8], _ word: Range<Int>, _ spelling: inout [UInt8]) -> Int? {
        spelling.removeAll(keepingCapacity: true)
        for byte in utf8[word] { UTF8Scalar.append(ByteAlphabet.scalars[Int(byte)], to: &spelling) }
        return vocabulary.id(of: spelling, spelling.indices)
    }

    /// Queues the pair that begins at a symbol, if it joins.
    private func enqueue(_ index: Int32, _ workspace: inout Workspace) {
        guard index >= 0 else { return }
        let left = workspace.symbols[Int(index)]
        guard left.next >= 0 else { return }
        if let merge = merges.merge(left.id, workspace.symbols[Int(left.next)].id) {
            workspace.queue.insert(MergeQueue.Step(rank: merge.rank, index: index, id: merge.id))
        }
    }

    private func join(_ step: MergeQueue.Step, _ workspace: inout Workspace) {
        let index = Int(step.index)
        let left = workspace.symbols[index]
        guard left.id >= 0, left.next >= 0 else { return }
        let right = workspace.symbols[Int(left.next)]
        // The pair may have changed since it was queued: its symbols only grow, so then it becomes another token.
        guard merges.merge(left.id, right.id)?.id == step.id else { return }
        workspace.symbols[Int(left.next)].id = -1
        workspace.symbols[index].id = step.id
        workspace.symbols[index].next = right.next
        if right.next >= 0 { workspace.symbols[Int(right.next)].previous = step.index }
        enqueue(left.previous, &workspace)
        enqueue(step.index, &workspace)
    }
}
