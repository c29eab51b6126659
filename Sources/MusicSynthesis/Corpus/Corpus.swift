// SPDX-License-Identifier: Apache-2.0

/// An endless list of songs; each is a function of seed and index alone, and is made when it is asked for.
///
/// ```swift
/// let corpus = Corpus(seed: 7)
/// let song = corpus.song(12)  // the same samples, to the bit, whoever asks
/// ```
package struct Corpus: Sendable {
    /// Which combinations of style, drums, key and tempo the songs have.
    package enum Part: String, Sendable, CaseIterable {
        /// Those to learn from: nine of ten.
        case training
        /// Those to be asked for: one of ten, in no song of the other part, whatever its seed.
        case heldOut = "held-out"
    }

    /// What all songs depend on.
    package let seed: UInt64
    /// The styles that occur, each as often as the others.
    package let styles: [Style]
    /// Which combinations occur.
    package let part: Part
    /// How long songs are, in whole seconds.
    package let seconds: ClosedRange<Int>
    /// Of a hundred captions so many do not say what plays.
    package let unnamedPercent: Int

    /// The songs of a seed.
    ///
    /// - Parameters:
    ///   - seed: another one gives other songs.
    ///   - styles: what occurs, at least one.
    ///   - part: which combinations occur.
    ///   - seconds: how long songs are, at least 1.
    ///   - unnamedPercent: of a hundred captions so many do not say what plays.
    package init(
        seed: UInt64,
        styles: [Style] = Style.base,
        part: Part = .training,
        seconds: ClosedRange<Int> = 6...10,
        unnamedPercent: Int = 0
    ) {
        precondition(!styles.isEmpty && seconds.lowerBound > 0, "a corpus needs styles and songs of a second or more")
        self.seed = seed
        self.styles = styles
        self.part = part
        self.seconds = seconds
        self.unnamedPercent = unnamedPercent
    }

    /// What the song of an index is.
    package func description(_ index: Int) -> SongDescription {
        var attempt = 0
        while true {
            var random = RandomSource(seed: seed, index: index, attempt: attempt)
            let song = draw(&random)
            if Self.part(of: song) == part { return song }
            attempt += 1
        }
    }

    /// The song of an index.
    package func song(_ index: Int) -> SynthesizedSong { SynthesizedSong(description(index)) }

    private func draw(_ random: inout RandomSource) -> SongDescription {
        let style = random.pick(styles)
        let hasDrums = random.chance(50)
        let key = random.pick(MusicalKey.all)
        let bpm = random.within(SongDescription.tempos)
        let metre: Metre = random.chance(25) ? .three : .four
        let length = random.within(seconds)
        let song = random.next()
        return SongDescription(
            style: style,
            hasDrums: hasDrums,
            key: key,
            bpm: bpm,
            metre: metre,
            seconds: length,
            namesStyle: !random.chance(unnamedPercent),
            seed: song
        )
    }

    /// The part that a combination of style, drums, key and tempo belongs to, for every seed.
    package static func part(of song: SongDescription) -> Part {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in "\(song.style.rawValue)|\(song.hasDrums)|\(song.key)|\(song.bpm)".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return RandomSource.mix(hash).isMultiple(of: 10) ? .heldOut : .training
    }
}
