// SPDX-License-Identifier: Apache-2.0

import Audio
import Testing

@Suite("Sound files written and read")
struct RoundTripTests {
    static let losslessKinds: [(AudioFormat, SampleEncoding)] = [
        (.wav, .pcm16), (.wav, .pcm24), (.wav, .float32), (.flac, .pcm16), (.flac, .pcm24),
    ]

    @Test("Lossless files come back to the step", arguments: losslessKinds, [1, 2, 3, 6])
    func lossless(kind: (format: AudioFormat, encoding: SampleEncoding), channels: Int) throws {
        let directory = try TemporaryDirectory()
        // An odd number of frames, and more than one block.
        let tone = try Sounds.tone(channels: channels, sampleRate: 44_100, frames: 70_001)
        let path = directory.file("a.\(kind.format.fileExtension)")
        try AudioFile.write(tone, to: path, encoding: kind.encoding)
        let decoded = try AudioFile.read(path)
        #expect(decoded.channels == channels && decoded.sampleRate == 44_100 && decoded.frameCount == 70_001)
        let tolerance: Float = kind.encoding == .float32 ? 0 : kind.encoding == .pcm24 ? 0x1p-24 : 0x1p-16
        #expect(zip(decoded.samples, tone.samples).allSatisfy { abs($0 - $1) <= tolerance })
        let again = directory.file("b.\(kind.format.fileExtension)")
        try AudioFile.write(decoded, to: again, encoding: kind.encoding)
        #expect(try AudioFile.read(again) == decoded)
        if kind.format == .wav {
            #expect(try WAVReader(directory.bytes("a.wav"), path: path).audio() == decoded)
        }
        #expect(try directory.names().count == 2)
    }

    @Test("FLAC and WAV hold the same integers")
    func sameIntegers() throws {
        let directory = try TemporaryDirectory()
        var samples = try Sounds.tone(channels: 1).samples
        samples[7] = 3
        samples[8] = -3
        let tone = try AudioBuffer(sampleRate: 48_000, channels: 1, samples: samples)
        for encoding in [SampleEncoding.pcm16, .pcm24] {
            try AudioFile.write(tone, to: directory.file("a.wav"), encoding: encoding, dither: true)
            try AudioFile.write(tone, to: directory.file("a.flac"), encoding: encoding, dither: true)
            let wav = try AudioFile.read(directory.file("a.wav"))
            #expect(try AudioFile.read(directory.file("a.flac")) == wav)
        }
    }

    @Test("Lossy files sound the same", arguments: [AudioFormat.mp3, .ogg, .opus], [1, 2])
    func lossy(format: AudioFormat, channels: Int) throws {
        let directory = try TemporaryDirectory()
        let tone = try Sounds.tone(channels: channels)
        let path = directory.file("a.\(format.fileExtension)")
        try AudioFile.write(tone, to: path)
        let decoded = try AudioFile.read(path)
        #expect(decoded.channels == channels && decoded.sampleRate == 48_000)
        #expect(abs(decoded.frameCount - tone.frameCount) <= 2400)
        #expect(Sounds.signalToNoise(tone, decoded, offsets: -1200..<1201) > 25)
        let information = try AudioFile.information(path)
        #expect(information.channels == channels && information.sampleRate == 48_000)
    }

    @Test("Sound beyond full scale is clipped in lossy files, not wrapped", arguments: [AudioFormat.mp3, .ogg, .opus])
    func loud(format: AudioFormat) throws {
        let directory = try TemporaryDirectory()
        let tone = try Sounds.tone(channels: 1)
        let loud = try AudioBuffer(sampleRate: 48_000, channels: 1, samples: tone.samples.map { $0 * 200 })
        let path = directory.file("a.\(format.fileExtension)")
        try AudioFile.write(loud, to: path)
        let peak = try AudioFile.read(path).samples.reduce(0) { max($0, abs($1)) }
        #expect(peak > 0.9 && peak < 3)
    }

    @Test("Texts come back from every format, long ones too", arguments: AudioFormat.allCases)
    func texts(format: AudioFormat) throws {
        let directory = try TemporaryDirectory()
        let request = #"{"tags": "jazz, 東京 🎷", "lyrics": ""# + String(repeating: "là-la ", count: 1500) + #""}"#
        let metadata = AudioMetadata(
            title: "Ünïcode",
            artist: "Lumina",
            comment: request,
            software: "lumina",
            date: "2026-11-21"
        )
        let path = directory.file("a.\(format.fileExtension)")
        try AudioFile.write(try Sounds.tone(), to: path, metadata: metadata)
        let found = try AudioFile.metadata(path)
        #expect(found.title == metadata.title && found.comment == request && found.artist == "Lumina")
        #expect(found.software?.hasPrefix("lumina") == true)
        #expect(found.date?.hasPrefix("2026") == true)
    }

    @Test("The same sound gives the same bytes", arguments: [AudioFormat.wav, .flac, .mp3])
    func deterministic(format: AudioFormat) throws {
        let tone = try Sounds.tone()
        #expect(try AudioFile.encode(tone, format: format) == AudioFile.encode(tone, format: format))
    }

    @Test("Bytes in memory are the bytes of the file", arguments: [AudioFormat.wav, .flac, .mp3])
    func memory(format: AudioFormat) throws {
        let directory = try TemporaryDirectory()
        let tone = try Sounds.tone()
        let metadata = AudioMetadata(title: "t")
        try AudioFile.write(tone, to: directory.file("a"), format: format, metadata: metadata)
        let bytes = try AudioFile.encode(tone, format: format, metadata: metadata)
        #expect(try bytes == directory.bytes("a"))
        #expect(try AudioFile.decode(bytes, name: "upload") == AudioFile.read(directory.file("a")))
    }

    @Test("A range of frames is read, cut to what exists", arguments: [AudioFormat.wav, .flac])
    func ranges(format: AudioFormat) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a.\(format.fileExtension)")
        try AudioFile.write(try Sounds.tone(frames: 1000), to: path)
        let whole = try AudioFile.read(path)
        let part = try AudioFile.read(path, frames: 100..<300)
        #expect(part.frameCount == 200 && part[1, 0] == whole[1, 100] && part[0, 199] == whole[0, 299])
        #expect(try AudioFile.read(path, frames: 900..<5000).frameCount == 100)
        #expect(try AudioFile.read(path, frames: 1000..<1001).frameCount == 0)
        #expect(try AudioFile.read(path, frames: 70_000..<80_000).frameCount == 0)
    }

    @Test("A file longer than the limit is refused; a range within it is read")
    func limit() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a.flac")
        try AudioFile.write(try Sounds.tone(frames: 100_000), to: path)
        #expect(throws: AudioError.tooLong(path: path, sampleLimit: 199_999)) {
            _ = try AudioFile.read(path, sampleLimit: 199_999)
        }
        #expect(try AudioFile.read(path, sampleLimit: 200_000).frameCount == 100_000)
        #expect(try AudioFile.read(path, frames: 0..<10, sampleLimit: 20).frameCount == 10)
    }

    @Test("What a format cannot hold is refused with its limits")
    func unsupported() throws {
        let cases: [(AudioFormat, Int, Int, SampleEncoding, String)] = [
            (.mp3, 3, 48_000, .pcm16, "1 or 2 channels"), (.mp3, 2, 96_000, .pcm16, "48 kHz"),
            (.opus, 2, 44_100, .pcm16, "24 and 48 kHz"), (.flac, 9, 48_000, .pcm16, "8 channels"),
            (.flac, 2, 48_000, .float32, "integers only"),
        ]
        for (format, channels, rate, encoding, advice) in cases {
            let tone = try Sounds.tone(channels: channels, sampleRate: rate, frames: 10)
            let error = #expect(throws: AudioError.self) {
                _ = try AudioFile.encode(tone, format: format, encoding: encoding)
            }
            #expect(error?.description.contains(advice) == true, "\(error?.description ?? "no error")")
        }
    }
}
