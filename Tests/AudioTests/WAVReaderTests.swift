// SPDX-License-Identifier: Apache-2.0

import Audio
import Testing

@Suite("Hostile WAV files")
struct WAVReaderTests {
    /// A file from parts: identifier, stated size (nil: the true one), payload.
    private static func file(_ chunks: [(String, UInt32?, [UInt8])]) -> [UInt8] {
        var body: [UInt8] = Array("WAVE".utf8)
        for (identifier, size, payload) in chunks {
            body += Array(identifier.utf8) + word(size ?? UInt32(payload.count)) + payload
        }
        return Array("RIFF".utf8) + word(UInt32(body.count)) + body
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static let stereo16: [UInt8] = [1, 0, 2, 0, 0x80, 0xBB, 0, 0, 0, 0xEE, 2, 0, 4, 0, 16, 0]

    private static func replacing(_ index: Int, with value: UInt8) -> [UInt8] {
        var bytes = stereo16
        bytes[index] = value
        return bytes
    }

    private static let hostile: [(bytes: [UInt8], reason: String)] = [
        ([], "RIFF"),
        (Array("RIFF\0\0\0\0WAV".utf8), "RIFF"),
        (Array("RIFX\0\0\0\0WAVE".utf8), "RIFF"),
        (file([]), "no 'fmt ' chunk"),
        (file([("fmt ", nil, stereo16)]), "no 'data' chunk"),
        (file([("data", nil, [0, 0, 0, 0])]), "no 'fmt ' chunk"),
        (file([("fmt ", nil, stereo16), ("data", 0xFFFF_FFFF, [0, 0])]), "claims 4294967295 bytes, 2 are left"),
        (file([("fmt ", 0x7FFF_FFFF, stereo16)]), "claims 2147483647 bytes"),
        (file([("fmt ", nil, stereo16), ("data", nil, [0, 0, 0, 0, 0, 0])]), "whole number of 4-byte frames"),
        (file([("fmt ", nil, Array(stereo16[..<14])), ("data", nil, [])]), "14 bytes"),
        (file([("fmt ", nil, replacing(0, with: 2)), ("data", nil, [])]), "format 2 with 16 bits"),
        (file([("fmt ", nil, replacing(14, with: 8)), ("data", nil, [])]), "format 1 with 8 bits"),
        (file([("fmt ", nil, replacing(2, with: 0)), ("data", nil, [])]), "no channels"),
        (file([("fmt ", nil, replacing(12, with: 3)), ("data", nil, [])]), "frames have 3 bytes, expected 4"),
        (file([("fmt ", nil, [0xFE, 0xFF] + stereo16[2...]), ("data", nil, [])]), "sub-format"),
        (
            file([("fmt ", nil, [0xFE, 0xFF] + stereo16[2...] + [UInt8](repeating: 0, count: 24)), ("data", nil, [])]),
            "sub-format"
        ),
        (file((0...4096).map { _ in ("junk", nil, []) }), "more than 4096 chunks"),
    ]

    @Test("Each is refused for its reason", arguments: hostile)
    func refused(bytes: [UInt8], reason: String) throws {
        let error = #expect(throws: AudioError.self) { _ = try WAVReader(bytes, path: "bad.wav").audio() }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "no error")")
        #expect(error?.description.contains("bad.wav") == true)
    }

    @Test("A rate or channel count no sound has is refused")
    func absurdNumbers() throws {
        let noRate = Self.file([
            ("fmt ", nil, Self.replacing(4, with: 0).enumerated().map { (4...7).contains($0) ? 0 : $1 }),
            ("data", nil, []),
        ])
        #expect(throws: AudioError.self) { _ = try WAVReader(noRate, path: "x").audio() }
    }

    @Test("A text longer than its list is refused, other lists are passed over")
    func texts() throws {
        let long = Self.file([("LIST", nil, Array("INFOICMT".utf8) + [9, 0, 0, 0, 0x41, 0])])
        #expect(throws: AudioError.self) { _ = try WAVReader(long, path: "x").metadata() }
        let other = Self.file([
            ("LIST", nil, Array("adtl".utf8)), ("LIST", nil, Array("INFOXXXX".utf8) + [2, 0, 0, 0, 0x41, 0]),
        ])
        #expect(try WAVReader(other, path: "x").metadata() == AudioMetadata())
    }

    @Test("Unknown chunks and their padding are passed over")
    func unknownChunks() throws {
        let bytes = Self.file([
            ("odd ", 3, [1, 2, 3, 0]), ("fmt ", nil, Self.stereo16), ("bext", nil, [1, 2]),
            ("data", nil, [0, 0x40, 0, 0xC0]),
        ])
        let buffer = try WAVReader(bytes, path: "x").audio()
        #expect(buffer.samples == [0.5, -0.5])
    }

    @Test("No beginning of a file crashes a reader")
    func prefixes() throws {
        let directory = try TemporaryDirectory()
        let whole = try AudioFile.encode(
            Sounds.tone(frames: 3),
            format: .wav,
            encoding: .pcm24,
            metadata: AudioMetadata(title: "t", comment: "c")
        )
        for count in 0..<whole.count {
            let bytes = Array(whole[..<count])
            #expect(throws: AudioError.self) { _ = try WAVReader(bytes, path: "x").audio() }
            let path = try directory.write(bytes, to: "a.wav")
            // libsndfile may take a part of the samples; it must only not fail in another way.
            do throws(AudioError) { _ = try AudioFile.read(path) } catch { #expect(error.description.contains(path)) }
        }
    }

    @Test("No damaged byte crashes a reader", arguments: [AudioFormat.wav, .flac, .mp3, .ogg])
    func damage(format: AudioFormat) throws {
        let directory = try TemporaryDirectory()
        let whole = try AudioFile.encode(
            Sounds.tone(frames: 400),
            format: format,
            metadata: AudioMetadata(title: "t", comment: "c")
        )
        var state: UInt64 = 1
        for index in 0..<min(whole.count, 300) {
            var bytes = whole
            // Knuth's generator: the same damage in each run.
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes[index] = UInt8(truncatingIfNeeded: state >> 56)
            let path = try directory.write(bytes, to: "a")
            do throws(AudioError) {
                _ = try AudioFile.read(path, sampleLimit: 1 << 20)
                _ = try AudioFile.metadata(path)
                if format == .wav { _ = try WAVReader(bytes, path: path).audio() }
            } catch {
                #expect(!error.description.isEmpty, "byte \(index) set to \(bytes[index])")
            }
        }
    }

    @Test("NaN in a float file is refused where it is read")
    func notANumber() throws {
        let directory = try TemporaryDirectory()
        var bytes = try AudioFile.encode(Sounds.tone(frames: 2), format: .wav, encoding: .float32)
        bytes.replaceSubrange((bytes.count - 4)..., with: [0, 0, 0xC0, 0x7F])
        let path = try directory.write(bytes, to: "a.wav")
        let error = #expect(throws: AudioError.self) { _ = try AudioFile.read(path) }
        #expect(error?.description.contains("nan at frame 1 of channel 1") == true)
    }
}
