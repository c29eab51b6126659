// SPDX-License-Identifier: Apache-2.0

import Audio
import Foundation
import TestSupport
import Testing

@Suite("Damaged and foreign files")
struct DamagedSoundTests {
    private static func error(of path: String) -> AudioError? {
        #expect(throws: AudioError.self) { _ = try AudioFile.readStereo(path) }
    }

    /// A WAV file of these numbers, for what no writer would write.
    private static func wav(
        rate: UInt32 = 48_000,
        channels: UInt16 = 2,
        claimed: UInt32? = nil,
        samples: [Float]
    ) -> [UInt8] {
        func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
            (0..<MemoryLayout<T>.size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let payload = samples.flatMap { bytes($0.bitPattern) }
        let format: [UInt8] =
            bytes(UInt16(3)) + bytes(channels) + bytes(rate) + bytes(rate &* UInt32(channels) &* 4)
            + bytes(channels &* 4) + bytes(UInt16(32))
        let data = Array("data".utf8) + bytes(claimed ?? UInt32(payload.count)) + payload
        let body = Array("WAVEfmt ".utf8) + bytes(UInt32(format.count)) + format + data
        return Array("RIFF".utf8) + bytes(UInt32(body.count)) + body
    }

    @Test("A file that was cut off is refused, in every format", arguments: AudioFormat.allCases, [0.4, 0.9, 0.999])
    func truncated(format: AudioFormat, share: Double) throws {
        // An MP3 file whose length is an estimate may miss its last frame.
        guard format != .mp3 || share < 0.99 else { return }
        let directory = try TemporaryDirectory()
        let whole = try AudioFile.encode(Sounds.tone(frames: 3 * 48_000), format: format)
        let path = try directory.write(Array(whole[..<Int(Double(whole.count) * share)]), to: "cut")
        let error = Self.error(of: path)
        switch error {
        case .truncated(let named, _): #expect(named == path)
        // A decoder may stumble over the broken frame itself.
        case .malformed(let named, _): #expect(named == path && format == .flac)
        default: Issue.record("\(String(describing: error))")
        }
    }

    @Test("Files without sound are refused as empty", arguments: AudioFormat.allCases)
    func empty(format: AudioFormat) throws {
        let directory = try TemporaryDirectory()
        let nothing = try directory.write([], to: "nothing." + format.fileExtension)
        #expect(Self.error(of: nothing) == .empty(path: nothing))
        let silent = try AudioBuffer(sampleRate: 48_000, channels: 2, samples: [])
        guard let bytes = try? AudioFile.encode(silent, format: format) else { return }  // some encoders need a sample
        let path = try directory.write(bytes, to: "silent")
        let error = Self.error(of: path)
        // libsndfile does not even open an Opus file without sound.
        #expect(error == .empty(path: path) || format == .opus, "\(String(describing: error))")
    }

    @Test("NaN and infinities are refused with their frame", arguments: [Float.nan, .infinity, -.infinity])
    func notFinite(value: Float) throws {
        let directory = try TemporaryDirectory()
        var samples = [Float](repeating: 0.1, count: 2000)
        samples[1501] = value
        let path = try directory.write(Self.wav(samples: samples), to: "a.wav")
        let error = try #require(Self.error(of: path))
        #expect(error.description.contains("frame 750") && error.description.contains(path), "\(error)")
    }

    @Test(
        "Absurd headers are refused, and cost no memory",
        arguments: [
            (UInt32(1), UInt16(2), nil as UInt32?), (3999, 2, nil), (0, 2, nil), (4_000_000_000, 2, nil),
            (48_000, 0, nil),
            (48_000, 2, 4_000_000_000), (48_000, 60_000, nil),
        ]
    )
    func absurd(rate: UInt32, channels: UInt16, claimed: UInt32?) throws {
        let directory = try TemporaryDirectory()
        let bytes = Self.wav(
            rate: rate,
            channels: channels,
            claimed: claimed,
            samples: [Float](repeating: 0, count: 64)
        )
        let path = try directory.write(bytes, to: "a.wav")
        let error = try #require(Self.error(of: path))
        #expect(error.description.contains(path), "\(error)")
    }

    @Test(
        "An MP3 file of varying bit rate that does not count its frames would be cut to a guess: it is refused"
    )
    func uncountedFrames() throws {
        let directory = try TemporaryDirectory()
        // Silence takes few bits, noise many: the guess from the beginning is far off.
        var generator = SeededGenerator(seed: 3)
        let samples = (0..<6 * 48_000).map { $0 < 48_000 ? Float.random(in: -0.5...0.5, using: &generator) : 0 }
        let sound = try AudioBuffer(sampleRate: 48_000, channels: 1, samples: samples)
        var bytes = try AudioFile.encode(sound, format: .mp3)
        let marks = ["Xing", "Info"].map { Array($0.utf8) }
        let mark = try #require(
            bytes.indices.prefix(4096).first { index in marks.contains { bytes[index...].starts(with: $0) } }
        )
        // The frame after the one with the count begins with twelve ones.
        let next = try #require(
            bytes.indices.dropLast().first { $0 > mark + 160 && bytes[$0] == 0xFF && bytes[$0 + 1] & 0xF0 == 0xF0 }
        )
        bytes.removeFirst(next)
        let path = try directory.write(bytes, to: "a.mp3")
        #expect(Self.error(of: path)?.description.contains("does not say how long it is") == true)
        // Behind a tag, as players write it.
        let tag: [UInt8] = Array("ID3".utf8) + [4, 0, 0, 0, 0, 1, 10] + [UInt8](repeating: 0, count: 138)
        let tagged = try directory.write(tag + bytes, to: "tagged.mp3")
        #expect(Self.error(of: tagged)?.description.contains("does not say how long it is") == true)
        // Of the noise alone the bit rate hardly varies, and the guess is right.
        let start = try directory.write(Array(bytes.prefix(bytes.count / 6)), to: "start.mp3")
        #expect(try AudioFile.readStereo(start).frameCount > 5000)
    }

    @Test("A WAV file of nothing but empty chunks is refused before all of them are looked at")
    func emptyChunks() throws {
        let directory = try TemporaryDirectory()
        let chunks = [UInt8](repeating: 0, count: 1 << 20)
        let path = try directory.write(Array("RIFF".utf8) + [0, 0, 16, 0] + Array("WAVE".utf8) + chunks, to: "a.wav")
        #expect(Self.error(of: path)?.description.contains(path) == true)
    }

    @Test("A WAV file from a pipe, which could not know its length, is read")
    func piped() throws {
        let directory = try TemporaryDirectory()
        let bytes = Self.wav(claimed: 0xFFFF_FFFF, samples: [Float](repeating: 0.5, count: 200))
        #expect(try AudioFile.readStereo(directory.write(bytes, to: "a.wav")).frameCount == 100)
    }

    @Test(
        "Other formats are named, with the way out",
        arguments: [
            ([0, 0, 0, 32] + Array("ftypM4A ".utf8), "MPEG-4"), ([0xFF, 0xF1, 0x50, 0x80, 0, 0, 0, 0], "AAC"),
            ([0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11], "WMA"), ([0x1A, 0x45, 0xDF, 0xA3], "Matroska"),
            (Array("MThd".utf8), "MIDI"), (Array("PAR1".utf8), "Parquet"), (Array("wvpk".utf8), "WavPack"),
            (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "Git LFS"),
        ] as [([UInt8], String)]
    )
    func foreign(start: [UInt8], name: String) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(start + [UInt8](repeating: 0, count: 4000), to: "song.wav")
        let error = try #require(Self.error(of: path))
        guard case .foreignFormat = error else {
            Issue.record("\(error)")
            return
        }
        #expect(error.description.contains(name) && error.description.contains("ffmpeg"), "\(error)")
    }

    @Test("Text and noise are no sound")
    func noise() throws {
        let directory = try TemporaryDirectory()
        for (position, bytes) in [Array("caption: a song\n".utf8), (0..<5000).map { UInt8($0 * 7919 % 251) }]
            .enumerated()
        {
            let path = try directory.write(bytes, to: "\(position).flac")
            #expect(Self.error(of: path)?.description.contains(path) == true)
        }
        #expect(Self.error(of: directory.path) == .notARegularFile(path: directory.path))
        #expect(
            Self.error(of: directory.file("none.wav")) == .cannotRead(path: directory.file("none.wav"), code: ENOENT)
        )
    }
}
