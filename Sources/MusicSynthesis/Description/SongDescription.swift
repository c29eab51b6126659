// SPDX-License-Identifier: Apache-2.0

/// What a song is: all that is said of it, and the seed of what is not.
package struct SongDescription: Sendable, Hashable {
    /// What plays.
    package var style: Style
    /// Whether drums play along.
    package var hasDrums: Bool
    /// The key, which no note leaves but for the leading note of minor.
    package var key: MusicalKey
    /// Beats a minute.
    package var bpm: Int
    /// Beats in a bar.
    package var metre: Metre
    /// Whole seconds.
    package var seconds: Int
    /// Whether the caption says what plays.
    package var namesStyle: Bool
    /// The caption: style, drums, tempo and mood in words.
    package var caption: String
    /// Where chords and melody come from.
    package var seed: UInt64

    /// The tempos that songs have.
    package static let tempos = 80...150

    /// What nobody sings.
    package static let lyrics = "[Instrumental]"

    /// Names everything; nil writes a caption from the rest.
    package init(
        style: Style,
        hasDrums: Bool,
        key: MusicalKey,
        bpm: Int,
        metre: Metre = .four,
        seconds: Int,
        namesStyle: Bool = true,
        caption: String? = nil,
        seed: UInt64
    ) {
        self.style = style
        self.hasDrums = hasDrums
        self.key = key
        self.bpm = bpm
        self.metre = metre
        self.seconds = seconds
        self.namesStyle = namesStyle
        self.seed = seed
        self.caption = ""
        var random = RandomSource(seed: seed ^ 0xCAB7)
        self.caption = caption ?? Caption.text(of: self, &random)
    }
}
