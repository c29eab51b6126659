// SPDX-License-Identifier: Apache-2.0

import Audio
import Foundation
import TestSupport
import Testing

@Suite("Sound as the model hears it")
struct StereoReadingTests {
    private static func golden() throws -> TensorFile {
        try TensorFile(path: Bundle.module.bundlePath + "/Fixtures/expected.safetensors")
    }

    private static func written(
        _ sound: AudioBuffer,
        as format: AudioFormat = .wav,
        encoding: SampleEncoding = .float32,
        in directory: TemporaryDirectory
    ) throws -> String {
        let path = directory.file("sound." + format.fileExtension)
        try AudioFile.write(sound, to: path, format: format, encoding: format == .wav ? encoding : .pcm16)
        return path
    }

    @Test(
        "Resampling equals Python's soxr at its high quality",
        arguments: ["8000", "11025", "22050", "44100", "88200", "96000", "192000", "stereo"]
    )
    func resampling(name: String) throws {
        let golden = try Self.golden()
        let (input, expected) = (try golden.entry(name + ".in"), try golden.entry(name + ".out"))
        let directory = try TemporaryDirectory()
        let sound = try AudioBuffer(
            sampleRate: Int(name) ?? 44_100,
            channels: input.shape[0],
            samples: input.floats
        )
        let heard = try AudioFile.readStereo(Self.written(sound, in: directory))
        #expect(heard.sampleRate == 48_000 && heard.channels == 2)
        #expect(heard.frameCount == expected.shape[1])
        let frames = expected.shape[1]
        for channel in 0..<2 {
            let source = channel % input.shape[0]
            let values = (0..<frames).map { heard[channel, $0] }
            let reference = Array(expected.floats[source * frames..<(source + 1) * frames])
            let agreement = Agreement("\(name), channel \(channel)", values, reference, shape: [frames])
            #expect(agreement.error <= 1e-6, "\(agreement)")
        }
    }

    @Test("A long file resampled in blocks has no seams")
    func seams() throws {
        let directory = try TemporaryDirectory()
        // 44,100 Hz in blocks of 32,768 frames: an error at a block's edge would be a click of many dB.
        let tone = try Sounds.tone(channels: 2, sampleRate: 44_100, frames: 5 * 44_100)
        let heard = try AudioFile.readStereo(Self.written(tone, in: directory))
        let expected = try Sounds.tone(channels: 2, sampleRate: 48_000, frames: 5 * 48_000)
        #expect(abs(heard.frameCount - expected.frameCount) <= 1)
        let worst = (2400..<expected.frameCount - 2400).map { abs(heard[0, $0] - expected[0, $0]) }.max() ?? 1
        #expect(worst < 1e-4, "off by \(worst)")
    }

    @Test(
        "Every format, at several rates and channel counts, is heard at its length and close to its sound",
        arguments: AudioFormat.allCases,
        [(48_000, 1), (48_000, 2), (24_000, 2), (16_000, 1)]
    )
    func formats(format: AudioFormat, shape: (rate: Int, channels: Int)) throws {
        let directory = try TemporaryDirectory()
        let tone = try Sounds.tone(channels: shape.channels, sampleRate: shape.rate, frames: shape.rate)
        let heard = try AudioFile.readStereo(Self.written(tone, as: format, in: directory))
        let expected = try Sounds.tone(channels: shape.channels, frames: 48_000)
        #expect(heard.sampleRate == 48_000 && heard.channels == 2)
        // Lossy codecs may add what fills up their last frame.
        #expect((-4...5000).contains(heard.frameCount - 48_000), "\(heard.frameCount) frames")
        let padded = try AudioBuffer(
            sampleRate: 48_000,
            channels: 1,
            samples: (0..<heard.frameCount).map { heard[0, $0] } + [Float](repeating: 0, count: 5000)
        )
        let isLossless = format == .wav || format == .flac
        let quality = Sounds.signalToNoise(expected, padded, offsets: isLossless ? 0..<1 : -1200..<1201)
        #expect(quality > (isLossless ? 60 : 20), "\(quality) dB")
    }

    @Test("One channel is doubled; of more than two the first two are taken")
    func channels() throws {
        let directory = try TemporaryDirectory()
        let mono = try AudioFile.readStereo(Self.written(Sounds.tone(channels: 1), in: directory))
        #expect(mono.samples[..<mono.frameCount] == mono.samples[mono.frameCount...])
        let six = try Sounds.tone(channels: 6, frames: 1000)
        let heard = try AudioFile.readStereo(Self.written(six, in: directory))
        #expect(heard.samples == Array(six.samples[..<2000]))
    }

    @Test("No more than the limit is given", arguments: [44_100, 48_000])
    func limit(rate: Int) throws {
        let directory = try TemporaryDirectory()
        let path = try Self.written(Sounds.tone(sampleRate: rate, frames: 2 * rate), in: directory)
        #expect(try AudioFile.readStereo(path, frameLimit: 12_345).frameCount == 12_345)
    }
}

@Suite("Levels")
struct LevelTests {
    private static func sound(_ seconds: Int, _ sample: (Double) -> (left: Double, right: Double)) throws -> AudioBuffer
    {
        let pairs = (0..<seconds * 48_000).map { sample(Double($0) / 48_000) }
        return try AudioBuffer(
            sampleRate: 48_000,
            channels: 2,
            samples: pairs.map { Float($0.left) } + pairs.map { Float($0.right) }
        )
    }

    /// A tone of the broadcasters' test signals.
    struct Part: Sendable {
        let level: Double
        let seconds: Int
    }

    /// EBU Tech 3341, cases 1 to 3: a 1 kHz tone in both channels at the levels given, one after the other.
    private static let signals: [([Part], Double)] = [
        ([Part(level: -23, seconds: 20)], -23), ([Part(level: -33, seconds: 20)], -33),
        ([Part(level: -36, seconds: 10), Part(level: -23, seconds: 60), Part(level: -36, seconds: 10)], -23),
    ]

    @Test("The loudness of the broadcasters' own test signals", arguments: signals)
    func loudness(parts: [Part], expected: Double) throws {
        var ends: [(end: Double, amplitude: Double)] = []
        for part in parts { ends.append(((ends.last?.end ?? 0) + Double(part.seconds), pow(10, part.level / 20))) }
        let sound = try Self.sound(parts.reduce(0) { $0 + $1.seconds }) { time in
            let amplitude = ends.first { time < $0.end }?.amplitude ?? 0
            let value = amplitude * sin(2 * .pi * 1000 * time)
            return (value, value)
        }
        let measured = try #require(try sound.integratedLoudness())
        #expect(abs(measured - expected) <= 0.1, "\(measured) LUFS")
    }

    @Test("The loudness that pyloudnorm measures")
    func reference() throws {
        let file = try TensorFile(path: Bundle.module.bundlePath + "/Fixtures/expected.safetensors")
        let expected = Double(bitPattern: UInt64(bitPattern: try file.entry("loudness").int64s[0]))
        let sound = try Self.sound(8) { time in
            let value = (0.05 + 0.05 * time / 8) * (sin(2 * .pi * 220 * time) + 0.5 * sin(2 * .pi * 3520 * time))
            return (value, 0.5 * value)
        }
        let measured = try #require(try sound.integratedLoudness())
        #expect(abs(measured - expected) <= 0.1, "\(measured) LUFS, expected \(expected)")
    }

    @Test("Peaks go to -1 dBFS, loudness to -14 LUFS, with one gain for both channels")
    func levels() throws {
        let sound = try Self.sound(2) { (0.1 * sin(2 * .pi * 500 * $0), 0.02 * sin(2 * .pi * 700 * $0)) }
        let peak = try LevelNormalization.peak.apply(to: sound)
        #expect(abs((peak.samples.map(abs).max() ?? 0) - 0.891_250_94) < 1e-6)
        let loud = try LevelNormalization.lufs.apply(to: sound)
        let measured = try #require(try loud.integratedLoudness())
        #expect(abs(measured + 14) < 1e-3, "\(measured) LUFS")
        for changed in [peak, loud] {
            let gains = [(0, 1000), (1, 2000)].map { changed[$0.0, $0.1] / sound[$0.0, $0.1] }
            #expect(abs(gains[0] / gains[1] - 1) < 1e-5)
        }
        #expect(try LevelNormalization.none.apply(to: sound) == sound)
    }

    @Test("Silence, and for loudness what is too short to have one, stays as it is")
    func silence() throws {
        let silence = try Self.sound(1) { _ in (0, 0) }
        for level in LevelNormalization.allCases { #expect(try level.apply(to: silence) == silence) }
        let quiet = try Self.sound(1) { (9e-7 * sin(2 * .pi * 500 * $0), 0) }
        #expect(try LevelNormalization.peak.apply(to: quiet) == quiet)
        let short = try Sounds.tone(frames: 4800)
        #expect(try short.integratedLoudness() == nil)
        #expect(try LevelNormalization.lufs.apply(to: short) == short)
    }
}
