// SPDX-License-Identifier: Apache-2.0

import ACEStep
import TestSupport
import Testing

@Suite("Parts of a song")
struct SongSpanTests {
    @Test(
        "A span holds the tokens whose middles lie in it",
        arguments: [
            // Middles of 10 frames in tokens of 2 lie at 1, 3, 5, 7, 9 frames of 0.04 s.
            (0, 0.4, 0..<5), (0, 0.04, 0..<0), (0, 0.05, 0..<1), (0.04, 0.12, 0..<1), (0.04, 0.13, 0..<2),
            (0.05, 0.13, 1..<2), (0.2, .infinity, 2..<5), (0.21, 0.4, 3..<5), (0.36, 0.4, 4..<5), (0.37, 0.4, 5..<5),
            (0.4, 1, 5..<5), (7, 8, 5..<5), (0.1, 1e300, 1..<5),
        ] as [(Double, Double, Range<Int>)]
    )
    func tokens(start: Double, end: Double, tokens: Range<Int>) throws {
        #expect(try SongSpan(from: start, to: end).tokens(duration: 0.4, frames: 10, patch: 2) == tokens)
    }

    @Test("The last token of an odd length ends with the song")
    func oddLength() throws {
        // The fifth token has the ninth frame alone: its middle is at 8.5 frames.
        #expect(try SongSpan(from: 0.34, to: 0.36).tokens(duration: 0.36, frames: 9, patch: 2) == 4..<5)
        #expect(try SongSpan(from: 0.35, to: 0.36).tokens(duration: 0.36, frames: 9, patch: 2) == 5..<5)
    }

    @Test("A span to the song's end holds frames that are made beyond it")
    func filling() throws {
        #expect(try SongSpan(from: 0, to: 1).tokens(duration: 1, frames: 128, patch: 2) == 0..<64)
        #expect(try SongSpan(from: 0.5, to: 0.9).tokens(duration: 1, frames: 128, patch: 2) == 6..<11)
    }

    @Test("Neighbouring spans share no token and leave none out")
    func neighbours() throws {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<500 {
            let frames = Int.random(in: 1...400, using: &generator)
            let patch = Int.random(in: 1...4, using: &generator)
            let duration = Double(frames) / 25
            let cut = duration * Double.random(in: 0.001...0.999, using: &generator)
            let left = try SongSpan(from: 0, to: cut).tokens(duration: duration, frames: frames, patch: patch)
            let right = try SongSpan(from: cut, to: duration).tokens(duration: duration, frames: frames, patch: patch)
            #expect(left.lowerBound == 0)
            #expect(left.upperBound == right.lowerBound)
            #expect(right.upperBound == (frames + patch - 1) / patch)
        }
    }

    @Test(
        "Seconds that make no span are refused",
        arguments: [(1, 1), (2, 1), (-1, 3), (.nan, 1), (0, .nan), (.infinity, .infinity), (0, -.infinity)]
            as [(Double, Double)]
    )
    func refused(start: Double, end: Double) {
        let error = #expect(throws: ModelError.self) { try SongSpan(from: start, to: end) }
        #expect(error?.description.contains("span") == true)
    }
}
