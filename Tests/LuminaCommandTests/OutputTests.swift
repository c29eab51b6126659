// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Where results go")
struct OutputTests {
    @Test("What cannot be written is found out before anything is computed")
    func unwritable() async throws {
        let directory = try TemporaryDirectory()
        for (path, message) in [
            (directory.path(of: "none/a.wav"), "the directory \(directory.path)/none does not exist"),
            (directory.path(of: "a.xyz"), ".wav, .flac, .mp3, .ogg"), (directory.path, "must end in"),
            (directory.path(of: "a"), "must end in"),
        ] {
            // A model that is not there would be the next error: it must not come to that.
            let outcome = try await LuminaProcess.run(LuminaProcess.generation(model: "/nowhere", to: path))
            #expect(outcome.status == 1)
            #expect(outcome.errorLines.count == 1)
            #expect(outcome.errors.hasPrefix("error: ") && outcome.errors.contains(message), "\(outcome.errors)")
        }
        try FileManager.default.createDirectory(atPath: directory.path(of: "b.wav"), withIntermediateDirectories: false)
        let occupied = try await LuminaProcess.run(LuminaProcess.generation(to: directory.path(of: "b.wav")))
        #expect(occupied.errors == "error: cannot write \(directory.path)/b.wav: is a directory; give a file name\n")
        let tensors = try await LuminaProcess.run(
            LuminaProcess.generation(
                ["--save-tensors", directory.path(of: "none/t.safetensors")],
                model: "/nowhere",
                to: directory.path(of: "a.wav")
            )
        )
        #expect(tensors.errors.contains("none does not exist"))
        #expect(try directory.names() == ["b.wav"])
    }

    @Test("A directory without the right to write is refused", .enabled("root may write anywhere") { getuid() != 0 })
    func forbidden() async throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: directory.path)
        let outcome = try await LuminaProcess.run(LuminaProcess.generation(to: directory.path(of: "a.wav")))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.path)
        #expect(outcome.status == 1)
        #expect(
            outcome.errors
                == "error: cannot write \(directory.path)/a.wav: the directory \(directory.path) cannot be written\n"
        )
    }

    /// A limit on the size of files is a full disk that needs no rights: the write comes back short or with an error.
    @Test("A disk that takes no more leaves nothing half-written", arguments: ["wav", "flac", "mp3", "ogg"])
    func limitedFileSize(ending: String) async throws {
        let directory = try TemporaryDirectory()
        let outcome = try await LuminaProcess.run(
            LuminaProcess.generation(duration: "2", to: directory.path(of: "song." + ending)),
            wrapper: ["/bin/sh", "-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\""]
        )
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.hasPrefix("error: ") && outcome.errors.contains("song." + ending), "\(outcome.errors)")
        #expect(try directory.names().isEmpty)
    }

    @Test(
        "A full file system is named as that, for tensors too",
        .enabled("mounting takes root") { SmallDisk.isPossible }
    )
    func fullDisk() async throws {
        let disk = try SmallDisk(kilobytes: 16)
        defer { disk.unmount() }
        for arguments in [
            LuminaProcess.generation(to: disk.path(of: "song.wav")),
            LuminaProcess.generation(
                ["--save-tensors", disk.path(of: "t.safetensors")],
                to: disk.path(of: "song.wav")
            ),
        ] {
            let outcome = try await LuminaProcess.run(arguments)
            #expect(outcome.status == 1)
            #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
            #expect(
                outcome.errors.hasPrefix("error: ") && outcome.errors.contains("No space left"),
                "\(outcome.errors)"
            )
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
        }
    }

    @Test("A file that was there stays whole when the new one cannot be written")
    func replacing() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("an older song", to: "song.wav")
        let outcome = try await LuminaProcess.run(
            LuminaProcess.generation(duration: "2", to: directory.path(of: "song.wav")),
            wrapper: ["/bin/sh", "-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\""]
        )
        #expect(outcome.status == 1)
        #expect(try directory.names() == ["song.wav"])
        #expect(try String(contentsOfFile: directory.path(of: "song.wav"), encoding: .utf8) == "an older song")
    }

    @Test("The pieces of a batch are numbered beside each other")
    func batch() async throws {
        let directory = try TemporaryDirectory()
        let outcome = try await LuminaProcess.run(
            LuminaProcess.generation(["--batch", "3", "--json"], to: directory.path(of: "my.song.wav"))
        )
        #expect(try directory.names() == ["my.song-1.wav", "my.song-2.wav", "my.song-3.wav"])
        let report = try outcome.json()
        #expect(report["files"] as? [String] == (1...3).map { directory.path(of: "my.song-\($0).wav") })
        #expect(report["seeds"] as? [Int] == [1, 2, 3])
    }

    @Test(
        "Each format is what its name says",
        arguments: [("wav", "RIFF"), ("flac", "fLaC"), ("ogg", "OggS"), ("mp3", "ID3")]
    )
    func formats(ending: String, magic: String) async throws {
        let directory = try TemporaryDirectory()
        let outcome = try await LuminaProcess.run(LuminaProcess.generation(to: directory.path(of: "a." + ending)))
        #expect(outcome.status == 0, "\(outcome.errors)")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: directory.path(of: "a." + ending)))
        #expect(bytes.prefix(magic.utf8.count) == Data(magic.utf8))
        #expect(outcome.output.hasPrefix("\(directory.path)/a.\(ending): 200 ms of music, seed 1\n"))
    }
}

/// A file system in memory that is soon full.
struct SmallDisk {
    private let directory: TemporaryDirectory

    /// Where it is mounted.
    var path: String { directory.path }

    /// The path of a file on it.
    func path(of name: String) -> String { directory.path(of: name) }

    /// Whether this process may mount one.
    static var isPossible: Bool {
        // Without the right to mount, the test says that it was skipped.
        guard let disk = try? SmallDisk(kilobytes: 4) else { return false }
        disk.unmount()
        return true
    }

    /// Mounts it.
    init(kilobytes: Int) throws {
        struct NotMounted: Error {}
        directory = try TemporaryDirectory()
        let options = "size=\(kilobytes)k"
        guard try Self.run("mount", ["-t", "tmpfs", "-o", options, "none", directory.path]) else { throw NotMounted() }
    }

    /// Takes it off again.
    func unmount() {
        // What cannot be unmounted is empty and goes with the machine.
        _ = try? Self.run("umount", [directory.path])
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
