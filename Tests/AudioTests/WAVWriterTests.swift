// SPDX-License-Identifier: Apache-2.0

import Audio
import Testing

@Suite("WAV bytes")
struct WAVWriterTests {
    @Test("Mono 16-bit PCM has the plain 44-byte header")
    func mono16() throws {
        let buffer = try AudioBuffer(sampleRate: 48_000, channels: 1, samples: [0, 0.5, -1, 1])
        let expected: [UInt8] =
            Array("RIFF".utf8) + [44, 0, 0, 0] + Array("WAVEfmt ".utf8)
            + [16, 0, 0, 0, 1, 0, 1, 0, 0x80, 0xBB, 0, 0, 0x00, 0x77, 1, 0, 2, 0, 16, 0]
            + Array("data".utf8) + [8, 0, 0, 0] + [0, 0, 0, 0x40, 0, 0x80, 0xFF, 0x7F]
        #expect(try AudioFile.encode(buffer, format: .wav) == expected)
    }

    @Test("Planar channels are interleaved")
    func interleaving() throws {
        let scale: Float = 1 / 32768
        let buffer = try AudioBuffer(
            sampleRate: 8000,
            channels: 2,
            samples: [1, 2, 3, -1, -2, -3].map { $0 * scale }
        )
        let bytes = try AudioFile.encode(buffer, format: .wav)
        #expect(bytes.suffix(12) == [1, 0, 0xFF, 0xFF, 2, 0, 0xFE, 0xFF, 3, 0, 0xFD, 0xFF])
    }

    @Test("24-bit PCM is extensible, and an odd number of bytes is padded")
    func mono24() throws {
        let buffer = try AudioBuffer(sampleRate: 44_100, channels: 1, samples: [-0x1p-23])
        let expected: [UInt8] =
            Array("RIFF".utf8) + [64, 0, 0, 0] + Array("WAVEfmt ".utf8)
            + [40, 0, 0, 0, 0xFE, 0xFF, 1, 0, 0x44, 0xAC, 0, 0, 0xCC, 0x04, 2, 0, 3, 0, 24, 0]
            + [22, 0, 24, 0, 4, 0, 0, 0]
            + [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
            + Array("data".utf8) + [3, 0, 0, 0] + [0xFF, 0xFF, 0xFF, 0]
        #expect(try AudioFile.encode(buffer, format: .wav, encoding: .pcm24) == expected)
    }

    @Test("Stereo float has a fact chunk and keeps values beyond full scale")
    func stereoFloat() throws {
        let buffer = try AudioBuffer(sampleRate: 48_000, channels: 2, samples: [1.5, -2])
        let expected: [UInt8] =
            Array("RIFF".utf8) + [58, 0, 0, 0] + Array("WAVEfmt ".utf8)
            + [18, 0, 0, 0, 3, 0, 2, 0, 0x80, 0xBB, 0, 0, 0, 0xDC, 5, 0, 8, 0, 32, 0, 0, 0]
            + Array("fact".utf8) + [4, 0, 0, 0, 1, 0, 0, 0]
            + Array("data".utf8) + [8, 0, 0, 0] + [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0]
        #expect(try AudioFile.encode(buffer, format: .wav, encoding: .float32) == expected)
    }

    @Test(
        "More than two channels name their speakers",
        arguments: [(3, 0x7), (4, 0x33), (6, 0x3F), (7, 0), (8, 0x63F)]
    )
    func speakers(channels: Int, mask: Int) throws {
        let buffer = try AudioBuffer(
            sampleRate: 48_000,
            channels: channels,
            samples: [Float](repeating: 0, count: channels)
        )
        let bytes = try AudioFile.encode(buffer, format: .wav)
        #expect(Array(bytes[20..<22]) == [0xFE, 0xFF])
        #expect(Int(bytes[40]) | Int(bytes[41]) << 8 == mask)
    }

    @Test("Texts are zero-terminated and padded, before the samples")
    func texts() throws {
        let buffer = try AudioBuffer(sampleRate: 48_000, channels: 1, samples: [0])
        let bytes = try AudioFile.encode(
            buffer,
            format: .wav,
            metadata: AudioMetadata(title: "abc", comment: "é{}", date: "")
        )
        let list: [UInt8] =
            Array("LIST".utf8) + [30, 0, 0, 0] + Array("INFOINAM".utf8) + [4, 0, 0, 0] + Array("abc".utf8) + [0]
            + Array("ICMT".utf8) + [5, 0, 0, 0, 0xC3, 0xA9] + Array("{}".utf8) + [0, 0]
        #expect(Array(bytes[36..<74]) == list)
        #expect(Array(bytes[74..<78]) == Array("data".utf8))
    }

    @Test("No frames make a valid empty file")
    func empty() throws {
        let bytes = try AudioFile.encode(
            try AudioBuffer(sampleRate: 48_000, channels: 2, samples: []),
            format: .wav
        )
        #expect(bytes.count == 44)
        let decoded = try WAVReader(bytes, path: "empty").audio()
        #expect(decoded.frameCount == 0 && decoded.channels == 2)
    }

    @Test("The largest file that fits is laid out, one frame more is refused with advice")
    func limit() throws {
        func layout(frames: Int) throws(AudioError) -> WAVLayout {
            try WAVLayout(
                sampleRate: 48_000,
                channels: 2,
                frameCount: frames,
                encoding: .pcm16,
                metadata: AudioMetadata()
            )
        }
        let largest = (Int(UInt32.max) - 36) / 4
        #expect(try layout(frames: largest).header.count == 44)
        let error = #expect(throws: AudioError.self) { _ = try layout(frames: largest + 1) }
        #expect(error?.description.contains("write .flac") == true)
        #expect(throws: AudioError.tooLargeForWAV(byteCount: .max)) { _ = try layout(frames: .max / 2) }
    }

    @Test("A text with a NUL is refused", arguments: [AudioFormat.wav, .flac])
    func zeroByte(format: AudioFormat) throws {
        #expect(throws: AudioError.invalidMetadata(field: "comment")) {
            try AudioFile.encode(
                try Sounds.tone(),
                format: format,
                metadata: AudioMetadata(title: "a", comment: "b\0c")
            )
        }
    }
}
