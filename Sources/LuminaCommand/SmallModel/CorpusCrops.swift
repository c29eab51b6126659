// SPDX-License-Identifier: Apache-2.0

import MusicSynthesis
import Training

/// Crops of the first songs of a corpus, each song made when it is first asked for and kept.
final class CorpusCrops: CropSource {
    private let corpus: Corpus
    private let count: Int
    /// As integers: half the memory, and an error that no loss sees.
    private var songs: [Int: [Int16]] = [:]
    private static let scale: Float = 32_767

    /// - Parameters:
    ///   - corpus: where the songs come from.
    ///   - count: how many of them, at least 1.
    init(_ corpus: Corpus, count: Int) {
        (self.corpus, self.count) = (corpus, count)
    }

    /// The corpus and how much of it.
    var identity: String {
        let styles = corpus.styles.map(\.rawValue).joined(separator: ", ")
        return "\(count) \(corpus.part.rawValue) songs of seed \(corpus.seed) in \(styles)"
    }

    /// A crop; where it lies is drawn from its number.
    func crop(_ number: Int, length: Int) -> [Float] {
        let song = song(Int(CropDraw.mix(UInt64(number), 1) % UInt64(count)))
        let frames = song.count / SynthesizedSong.channelCount
        let start = CropDraw.start(number, frames: frames, length: length)
        return (0..<SynthesizedSong.channelCount).flatMap { channel in
            (0..<length).map { place in
                start + place < frames ? Float(song[channel * frames + start + place]) / Self.scale : 0
            }
        }
    }

    private func song(_ index: Int) -> [Int16] {
        if let song = songs[index] { return song }
        let song = corpus.song(index).samples.map { Int16(($0 * Self.scale).rounded()) }
        songs[index] = song
        return song
    }
}

/// Where a crop lies: one of eight begins with its song, the others anywhere.
enum CropDraw {
    /// Where the crop of a number begins.
    ///
    /// - Parameters:
    ///   - number: the crop's.
    ///   - frames: samples of the song's channel.
    ///   - length: samples of the crop's.
    /// - Returns: its first sample.
    static func start(_ number: Int, frames: Int, length: Int) -> Int {
        guard frames > length, !mix(UInt64(number), 2).isMultiple(of: 8) else { return 0 }
        return Int(mix(UInt64(number), 3) % UInt64(frames - length + 1))
    }

    /// Random bits of a number (SplitMix64's finish), another row of them for each stream.
    static func mix(_ number: UInt64, _ stream: UInt64) -> UInt64 {
        var mixed = (number &+ 1) &* 0x9E37_79B9_7F4A_7C15 ^ stream &* 0xD134_2543_DE82_EF95
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
