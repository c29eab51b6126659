// SPDX-License-Identifier: Apache-2.0

import Audio
import Testing

@Suite("Quantizer")
struct QuantizerTests {
    @Test("Rounds to the nearest step, halves to even")
    func rounding() {
        var quantizer = Quantizer(bitCount: 16, dither: false)
        let steps: [(Float, Int32)] = [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (0.51, 1), (-0.51, -1)]
        for (value, expected) in steps { #expect(quantizer.quantize(value / 32768) == expected) }
    }

    @Test("Clips instead of wrapping", arguments: [16, 24])
    func clipping(bits: Int) {
        var quantizer = Quantizer(bitCount: bits, dither: false)
        let full = Int32(1) << (bits - 1)
        for value: Float in [1, 1.5, .greatestFiniteMagnitude] { #expect(quantizer.quantize(value) == full - 1) }
        for value: Float in [-1, -7, -.greatestFiniteMagnitude] { #expect(quantizer.quantize(value) == -full) }
    }

    @Test("Every 16-bit value comes back as itself")
    func identity() {
        var quantizer = Quantizer(bitCount: 16, dither: false)
        #expect((-32768...32767).allSatisfy { quantizer.quantize(Float($0) / 32768) == $0 })
    }

    @Test("Dither is triangular around the value, and the same each time")
    func dither() {
        func series() -> [Int32] {
            var quantizer = Quantizer(bitCount: 16, dither: true)
            return (0..<100_000).map { _ in quantizer.quantize(10.25 / 32768) }
        }
        let values = series()
        #expect(values == series())
        #expect(values.allSatisfy { (9...11).contains($0) } == false || Set(values) == [9, 10, 11])
        #expect(values.allSatisfy { abs(Float($0) - 10.25) <= 1.5 })
        let mean = Double(values.reduce(0) { $0 + Int($1) }) / Double(values.count)
        // The mean of triangular dither is the value itself; the standard error here is below 0.003.
        #expect(abs(mean - 10.25) < 0.012)
    }

    @Test("Dithering changes a file, and only when asked for")
    func file() throws {
        let tone = try Sounds.tone(frames: 1000)
        let plain = try AudioFile.encode(tone, format: .wav)
        #expect(try AudioFile.encode(tone, format: .wav, dither: true) != plain)
        #expect(try AudioFile.encode(tone, format: .wav) == plain)
    }
}
