// SPDX-License-Identifier: Apache-2.0

import Audio
import Testing

@Suite("Audio formats")
struct AudioFormatTests {
    @Test(
        "Extensions name formats in any case",
        arguments: [
            ("a.wav", AudioFormat.wav), ("dir.x/b.WAVE", .wav), ("c.flac", .flac), ("d.tar.mp3", .mp3), ("e.ogg", .ogg),
            ("f.oga", .ogg), ("/g.opus", .opus),
        ]
    )
    func known(path: String, format: AudioFormat) throws {
        #expect(try AudioFormat(path: path) == format)
    }

    @Test(
        "Other names are refused with the list",
        arguments: ["a.aac", "wav", ".wav", "a.", "dir.wav/a", "", "a.wav/"]
    )
    func unknown(path: String) throws {
        let error = #expect(throws: AudioError.unknownExtension(path: path)) { _ = try AudioFormat(path: path) }
        #expect(error?.description.contains(".wav, .flac, .mp3, .ogg or .opus") == true)
    }

    @Test("Each format's own extension leads back to it", arguments: AudioFormat.allCases)
    func roundTrip(format: AudioFormat) {
        #expect(AudioFormat(fileExtension: format.fileExtension) == format)
        #expect(format.mediaType.hasPrefix("audio/"))
    }
}

@Suite("Audio buffers")
struct AudioBufferTests {
    @Test("Planar samples are found by channel and frame")
    func subscripts() throws {
        let buffer = try AudioBuffer(sampleRate: 4, channels: 2, samples: [1, 2, 3, 4, 5, 6])
        #expect(buffer.frameCount == 3 && buffer.seconds == 0.75)
        #expect(buffer[0, 2] == 3 && buffer[1, 0] == 4)
    }

    @Test(
        "What is no sound is refused",
        arguments: [(0, 2, 4), (-1, 2, 4), (700_000, 2, 4), (48_000, 0, 4), (48_000, 1025, 1025), (48_000, 3, 4)]
    )
    func invalid(rate: Int, channels: Int, count: Int) {
        #expect(throws: AudioError.self) {
            try AudioBuffer(sampleRate: rate, channels: channels, samples: [Float](repeating: 0, count: count))
        }
    }

    @Test("NaN and infinities are refused in every format, with their place", arguments: AudioFormat.allCases)
    func notFinite(format: AudioFormat) throws {
        for (value, text) in [(Float.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf"), (-Float.nan, "-nan")] {
            let buffer = try AudioBuffer(sampleRate: 48_000, channels: 2, samples: [0, 0, 0, 0, value, 0])
            let error = #expect(throws: AudioError.self) { _ = try AudioFile.encode(buffer, format: format) }
            #expect(error == .notFinite(value: text, channel: 1, frame: 1))
            #expect(error?.description.contains("frame 1 of channel 1") == true)
        }
    }

    @Test("The largest finite numbers are not taken for infinities")
    func extremes() throws {
        let buffer = try AudioBuffer(
            sampleRate: 48_000,
            channels: 1,
            samples: [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude]
        )
        let bytes = try AudioFile.encode(buffer, format: .wav, encoding: .float32)
        #expect(try WAVReader(bytes, path: "x").audio() == buffer)
    }
}
