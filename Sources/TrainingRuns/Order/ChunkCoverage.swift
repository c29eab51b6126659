// SPDX-License-Identifier: Apache-2.0

/// How often each part of each song has been seen, so that crops come from where few came before.
///
/// The positions where a crop can begin are cut in 32 bins; a bin is drawn with weight 1/(1 + its count). Every some epochs
/// counts are halved, so that old crops count less.
package struct ChunkCoverage: Sendable, Equatable, Codable {
    /// Bins of a song.
    package static let binCount = 32

    /// Counts by the name of the song.
    package private(set) var histograms: [String: [Int]] = [:]
    /// The epoch before which counts were last halved, from 0.
    package private(set) var lastDecayEpoch = 0

    private enum CodingKeys: String, CodingKey {
        case histograms
        case lastDecayEpoch = "last_decay_epoch"
    }

    /// Nothing seen yet.
    package init() {}

    /// Halves the counts if it is time for it.
    ///
    /// - Parameters:
    ///   - epoch: the epoch that begins, from 0.
    ///   - interval: epochs between; 0 never.
    mutating func begin(epoch: Int, decayInterval interval: Int) {
        guard interval > 0, epoch > 0, epoch % interval == 0, epoch != lastDecayEpoch else { return }
        lastDecayEpoch = epoch
        histograms = histograms.mapValues { counts in counts.map { $0 / 2 } }
    }

    /// Draws where a crop begins and counts it.
    ///
    /// - Parameters:
    ///   - song: the song's name.
    ///   - choices: how many positions a crop can begin at.
    ///   - generator: draws.
    /// - Returns: the position.
    mutating func draw(song: String, choices: Int, _ generator: inout OrderGenerator) -> Int {
        var counts = histograms[song] ?? []
        // A foreign state may have other bins; its counts mean nothing here.
        if counts.count != Self.binCount { counts = Array(repeating: 0, count: Self.binCount) }
        let bin = Self.bin(counts, &generator)
        counts[bin] = counts[bin] == .max ? .max : counts[bin] + 1
        histograms[song] = counts
        let lower = bin * choices / Self.binCount
        let upper = (bin + 1) * choices / Self.binCount
        return lower + generator.below(max(1, upper - lower))
    }

    private static func bin(_ counts: [Int], _ generator: inout OrderGenerator) -> Int {
        let weights = counts.map { 1 / (1 + Double(max(0, $0))) }
        let unit = Double(generator.next() >> 11) * 0x1p-53
        var rest = unit * weights.reduce(0, +)
        for (bin, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return bin }
        }
        return counts.count - 1
    }
}
