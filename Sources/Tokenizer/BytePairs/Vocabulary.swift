// SPDX-License-Identifier: Apache-2.0

/// The model's tokens and their ids: one buffer of text and a hash table over it.
///
/// A quarter of a million separate strings in a dictionary take most of a second to build; this takes a few hundredths.
struct Vocabulary: Sendable {
    /// The tokens' text one after another, in file order.
    private var text: [UInt8] = []
    private var entries: [Entry] = []
    /// The entry of each id.
    private var entryOfID: [Int32] = []
    /// Open addressing: -1 is free, a power of two long, at most half full.
    private var slots: [Int32] = []
    /// Differs from run to run, so that no file can be made whose tokens all collide.
    private let seed = UInt64.random(in: .min ... .max)

    private struct Entry {
        var start: UInt32
        var length: UInt32
        var id: Int32
    }

    /// What is wrong with a vocabulary.
    enum Flaw: Error {
        case idOutOfRange(token: String, id: Int, count: Int)
        case duplicateToken(String)
        case duplicateID(Int)
    }

    /// How many tokens there are; the ids are 0 up to this.
    var count: Int { entries.count }

    /// Collects a token.
    ///
    /// Ids beyond 32 bits are clipped here and refused by `finish`.
    mutating func add(id: Int, _ appendText: (inout [UInt8]) throws(TokenizerError) -> Void) throws(TokenizerError) {
        let start = text.count
        try appendText(&text)
        entries.append(
            Entry(start: UInt32(start), length: UInt32(text.count - start), id: Int32(clamping: id))
        )
    }

    /// Builds the tables after the last token.
    ///
    /// Throws unless tokens are distinct and ids are 0 to `count` - 1.
    mutating func finish() throws(Flaw) {
        var capacity = 16
        while capacity < 2 * entries.count { capacity *= 2 }
        slots = [Int32](repeating: -1, count: capacity)
        entryOfID = [Int32](repeating: -1, count: entries.count)
        for (index, entry) in entries.enumerated() {
            let id = Int(entry.id)
            guard entries.indices.contains(id) else {
                throw .idOutOfRange(token: string(entry), id: id, count: entries.count)
            }
            guard entryOfID[id] < 0 else { throw .duplicateID(id) }
            entryOfID[id] = Int32(index)
            let slot = slot(of: text, range(entry))
            guard slots[slot] < 0 else { throw .duplicateToken(string(entry)) }
            slots[slot] = Int32(index)
        }
    }

    /// The id of the token spelled by a range of bytes.
    func id(of utf8: [UInt8], _ range: Range<Int>) -> Int? {
        let entry = slots[slot(of: utf8, range)]
        return entry < 0 ? nil : Int(entries[Int(entry)].id)
    }

    /// The spelling of a token.
    func spelling(of id: Int) -> [UInt8]? {
        guard entryOfID.indices.contains(id) else { return nil }
        return Array(text[range(entries[Int(entryOfID[id])])])
    }

    /// The slot that holds this text, or the free one where it would go.
    private func slot(of utf8: [UInt8], _ range: Range<Int>) -> Int {
        var hash = seed
        for position in range {
            hash = (hash ^ UInt64(utf8[position])) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0, !matches(entries[Int(slots[slot])], utf8, range) {
            slot = (slot + 1) & mask
        }
        return slot
    }

    private func matches(_ entry: Entry, _ utf8: [UInt8], _ range: Range<Int>) -> Bool {
        guard Int(entry.length) == range.count else { return false }
        let start = Int(entry.start)
        for offset in 0..<range.count where text[start + offset] != utf8[range.lowerBound + offset] {
            return false
        }
        return true
    }

    private func range(_ entry: Entry) -> Range<Int> {
        Int(entry.start)..<Int(entry.start) + Int(entry.length)
    }

    private func string(_ entry: Entry) -> String {
        String(decoding: text[range(entry)], as: UTF8.self)
    }
}
