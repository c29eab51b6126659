// SPDX-License-Identifier: Apache-2.0

package import Layers

/// What acts on a batch: a blend for each item, entries of which may act on a part of the item's sequence.
///
/// Positions are grouped by the entries that act there, so that overlapping parts of several adapters need nothing special: a
/// position sees exactly the blend of the entries whose positions hold it, in layers that read the sequence and, through its
/// voice, in those that do not.
package struct BatchBlend: Sendable, Equatable {
    /// One blend for each item, as asked for.
    package let items: [[BlendEntry]]
    /// The blends without positions that act somewhere: one for each voice.
    package let voices: [[BlendEntry]]
    /// Which of the voices acts where; nil where each item has one, for all of its positions.
    package let voicing: Voicing?
    private let positions: Int

    /// Groups the positions of each item.
    ///
    /// - Parameters:
    ///   - items: one blend for each item, in the batch's order.
    ///   - positions: the length of the batch's sequence.
    package init(items: [[BlendEntry]], positions: Int) {
        self.items = items
        self.positions = positions
        var voices: [[BlendEntry]] = []
        var owners: [Int] = []
        var runs: [[Voicing.Run]] = []
        for (item, entries) in items.enumerated() {
            var own: [Voicing.Run] = []
            let first = voices.count
            for (blend, range) in Self.parts(of: entries, positions: positions) {
                let known = voices[first...].firstIndex(of: blend)
                if known == nil {
                    voices.append(blend)
                    owners.append(item)
                }
                own.append(Voicing.Run(voice: known ?? voices.count - 1, positions: range))
            }
            runs.append(own)
        }
        self.voices = voices
        voicing = voices.count > items.count ? Voicing(items: runs, itemOfVoice: owners) : nil
    }

    /// Whether a weight is not the same at every step.
    package var isVarying: Bool { items.joined().contains(where: \.weight.isVarying) }

    /// The entries that act alike on every item, at every position and at every step: what can be merged.
    package var constantPart: [BlendEntry] {
        guard let first = items.first else { return [] }
        return first.filter { entry in
            entry.positions == nil && !entry.weight.isVarying && entry.weight.value(at: 0) != 0
                && items.allSatisfy { blend in
                    blend.contains(entry) && blend.count { $0.name == entry.name } == 1
                }
        }
    }

    /// The same without some entries, where they act everywhere.
    package func without(_ entries: [BlendEntry]) -> BatchBlend {
        BatchBlend(items: items.map { $0.filter { !entries.contains($0) } }, positions: positions)
    }

    /// Neighbouring positions at which the same entries act, in order; entries that act nowhere are left out.
    private static func parts(
        of entries: [BlendEntry],
        positions: Int
    ) -> [(blend: [BlendEntry], range: Range<Int>)] {
        let whole = 0..<positions
        let ranges = entries.map { $0.positions?.clamped(to: whole) ?? whole }
        let edges = Set(ranges.flatMap { [$0.lowerBound, $0.upperBound] } + [0, positions]).sorted()
        return zip(edges, edges.dropFirst()).map { start, end in
            let acting = zip(entries, ranges).filter { !$1.isEmpty && $1.contains(start) }
            return (acting.map { $0.0.everywhere }, start..<end)
        }
    }
}
