// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("lumina dataset")
struct DatasetCommandTests {
    /// Two seconds of silence in one channel at 8 kHz, as WAV.
    private static let sound: [UInt8] = {
        func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
            (0..<MemoryLayout<T>.size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let payload = [UInt8](repeating: 0, count: 2 * 16_000)
        let format: [UInt8] =
            bytes(UInt16(1)) + bytes(UInt16(1)) + bytes(UInt32(8000)) + bytes(UInt32(16_000)) + bytes(UInt16(2))
            + bytes(UInt16(16))
        let body =
            Array("WAVEfmt ".utf8) + bytes(UInt32(16)) + format + Array("data".utf8) + bytes(UInt32(payload.count))
            + payload
        return Array("RIFF".utf8) + bytes(UInt32(body.count)) + body
    }()

    private static func folder() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for (name, genre) in [("a", "Jazz"), ("b", "rock"), ("c", "jazz")] {
            try directory.write(sound, to: name + ".wav")
            try directory.write(Array("caption: song \(name)\ngenre: \(genre)\nbpm: 100\n".utf8), to: name + ".txt")
        }
        return directory
    }

    @Test("A folder becomes a dataset.json, and one without each genre, which check and count alike")
    func build() async throws {
        let folder = try Self.folder()
        let built = try await LuminaProcess.run([
            "dataset", "build", "--input", folder.path, "--tag", "zxq", "--tag-position", "append", "--leave-one-out",
        ])
        #expect(built.status == 0, "\(built.errors)")
        #expect(
            built.output == """
                \(folder.path)/dataset.json: 3 songs
                \(folder.path)/loo-jazz.json: 1 songs
                \(folder.path)/loo-rock.json: 2 songs

                """
        )
        for path in [folder.path, folder.path(of: "dataset.json")] {
            let checked = try await LuminaProcess.run(["dataset", "check", path])
            #expect(checked.status == 0 && checked.output == "3 songs, 0 errors, 0 notes\n", "\(checked)")
            let counted = try await LuminaProcess.run(["dataset", "stats", path, "--json"])
            let report = try counted.json()
            #expect(
                report["songs"] as? Int == 3 && report["seconds"] as? Double == 6 && report["captioned"] as? Int == 3
            )
            #expect((report["genres"] as? [String: Int]) == ["Jazz": 1, "jazz": 1, "rock": 1])
        }
        let text = try String(contentsOfFile: folder.path(of: "dataset.json"), encoding: .utf8)
        #expect(text.contains("\"duration\" : 2") && text.contains("\"tag_position\" : \"append\""))
    }

    @Test("Songs that cannot be used are named, and in the exit code")
    func check() async throws {
        let folder = try Self.folder()
        try folder.write(Array(Self.sound.prefix(10)), to: "d.wav")
        try folder.write([0, 0, 0, 32] + Array("ftypM4A ".utf8) + [UInt8](repeating: 0, count: 99), to: "e.m4a")
        let checked = try await LuminaProcess.run(["dataset", "check", folder.path])
        #expect(checked.status == 1)
        #expect(checked.output.contains("d.wav") && checked.output.contains("e.m4a' is MPEG-4"), "\(checked.output)")
        #expect(checked.output.hasSuffix("5 songs, 2 errors, 2 notes\n"), "\(checked.output)")
    }

    @Test("A folder without songs, or that is none, is an error of one line")
    func empty() async throws {
        let directory = try TemporaryDirectory()
        for arguments in [
            ["dataset", "stats", directory.path], ["dataset", "build", "--input", directory.path + "/none"],
            ["dataset", "check", directory.path + "/none.json"],
        ] {
            let outcome = try await LuminaProcess.run(arguments)
            #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errors.hasPrefix("error: " + directory.path))
        }
    }
}
