// SPDX-License-Identifier: Apache-2.0

import Audio
import Foundation
import Testing

@Suite("Files are replaced as a whole")
struct AtomicWriteTests {
    @Test("A written file leaves nothing beside it, and the old one is replaced", arguments: AudioFormat.allCases)
    func replaced(format: AudioFormat) throws {
        let directory = try TemporaryDirectory()
        let name = "a.\(format.fileExtension)"
        let path = try directory.write([1, 2, 3], to: name)
        try AudioFile.write(try Sounds.tone(), to: path)
        #expect(try directory.names() == [name])
        #expect(try AudioFile.information(path).channels == 2)
    }

    @Test("A refused sound leaves the old file as it was", arguments: AudioFormat.allCases)
    func refused(format: AudioFormat) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write([1, 2, 3], to: "a")
        let bad = try AudioBuffer(sampleRate: 48_000, channels: 2, samples: [.nan, 0])
        let many = try Sounds.tone(channels: 300, frames: 2)
        #expect(throws: AudioError.self) { try AudioFile.write(bad, to: path, format: format) }
        if format != .wav { #expect(throws: AudioError.self) { try AudioFile.write(many, to: path, format: format) } }
        #expect(try directory.bytes("a") == [1, 2, 3])
        #expect(try directory.names() == ["a"])
    }

    @Test("Cancellation leaves the old file as it was", arguments: AudioFormat.allCases)
    func cancelled(format: AudioFormat) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write([1, 2, 3], to: "a")
        let tone = try Sounds.tone()
        await withTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask {
                #expect(throws: AudioError.cancelled) { try AudioFile.write(tone, to: path, format: format) }
            }
        }
        #expect(try directory.bytes("a") == [1, 2, 3])
        #expect(try directory.names() == ["a"])
    }

    @Test(
        "A full disk is reported as such",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "no /dev/full"),
        arguments: AudioFormat.allCases
    )
    func fullDisk(format: AudioFormat) throws {
        let descriptor = unsafe open("/dev/full", O_WRONLY)
        let file = PartialFile(descriptor: descriptor, path: "out/a.\(format.fileExtension)")
        let error = #expect(throws: AudioError.self) {
            try AudioFile.encode(try Sounds.tone(), to: file, format, .pcm16, false, AudioMetadata())
        }
        #expect(error == .cannotWrite(path: "out/a.\(format.fileExtension)", code: ENOSPC))
        #expect(error?.description.contains("free some space") == true)
    }

    @Test("A missing directory is named")
    func missingDirectory() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("none/a.wav")
        let error = #expect(throws: AudioError.cannotWrite(path: path, code: ENOENT)) {
            try AudioFile.write(try Sounds.tone(), to: path)
        }
        #expect(error?.description.contains("'\(directory.path)/none' does not exist") == true)
    }

    @Test("A file taken for a directory is named")
    func fileAsDirectory() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write([], to: "f") + "/a.wav"
        #expect(throws: AudioError.cannotWrite(path: path, code: ENOTDIR)) {
            try AudioFile.write(try Sounds.tone(), to: path)
        }
    }

    @Test(
        "A directory that takes no files is named",
        .enabled(if: FileManager.default.fileExists(atPath: "/proc/self"), "no /proc")
    )
    func unwritable() throws {
        let directory = try TemporaryDirectory()
        // Root may write where the mode forbids it, but nobody into /proc/self/fd.
        let places = getuid() == 0 ? "/proc/self/fd" : directory.path
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: directory.path)
        let error = #expect(throws: AudioError.self) { try AudioFile.write(try Sounds.tone(), to: places + "/a.wav") }
        #expect(error?.description.contains("'\(places)") == true)
    }

    @Test("Directories, devices and pipes are refused and stay what they are")
    func irregular() throws {
        let directory = try TemporaryDirectory()
        let pipe = directory.file("p.wav")
        try #require(unsafe mkfifo(pipe, 0o600) == 0)
        for path in [directory.path, "/dev/null", pipe, directory.path + "/"] {
            #expect(throws: AudioError.notARegularFile(path: path)) {
                try AudioFile.write(try Sounds.tone(), to: path, format: .wav)
            }
            #expect(throws: AudioError.notARegularFile(path: path)) { _ = try AudioFile.read(path) }
        }
        #expect(try directory.names() == ["p.wav"])
    }

    @Test("A link is followed and stays a link")
    func link() throws {
        let directory = try TemporaryDirectory()
        let target = try directory.write([], to: "target.wav")
        let link = directory.file("link.wav")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        try AudioFile.write(try Sounds.tone(frames: 10), to: link)
        #expect(try AudioFile.information(target).frameCount == 10)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
    }

    @Test("Long and odd names work", arguments: [String(repeating: "n", count: 251), "ü 'x'\t", ".hidden"])
    func names(name: String) throws {
        let directory = try TemporaryDirectory()
        try AudioFile.write(try Sounds.tone(frames: 10), to: directory.file(name + ".wav"))
        #expect(try directory.names() == [name + ".wav"])
    }

    @Test("What a killed run left is not in the way")
    func leftover() throws {
        let directory = try TemporaryDirectory()
        let old = try directory.write([9], to: ".a.wav.partial-\(getpid())")
        try AudioFile.write(try Sounds.tone(frames: 10), to: directory.file("a.wav"))
        #expect(try AudioFile.information(directory.file("a.wav")).frameCount == 10)
        #expect(FileManager.default.fileExists(atPath: old))
    }

    @Test("Writers of one file at the same time leave one whole file")
    func concurrent() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a.flac")
        let tone = try Sounds.tone(frames: 5000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { try AudioFile.write(tone, to: path) } }
            try await group.waitForAll()
        }
        #expect(try AudioFile.read(path).frameCount == 5000)
        #expect(try directory.names() == ["a.flac"])
    }

    @Test("A missing file and one that is no sound are told apart")
    func unreadable() throws {
        let directory = try TemporaryDirectory()
        let missing = directory.file("none.wav")
        #expect(throws: AudioError.cannotRead(path: missing, code: ENOENT)) { _ = try AudioFile.read(missing) }
        #expect(throws: AudioError.cannotRead(path: missing, code: ENOENT)) { _ = try AudioFile.metadata(missing) }
        let text = try directory.write(Array("not a sound, though long enough to be one".utf8), to: "a.wav")
        let error = #expect(throws: AudioError.self) { _ = try AudioFile.read(text) }
        #expect(error?.description.hasPrefix("cannot read '\(text)' as sound:") == true)
    }

    @Test("A file that does not open costs no descriptor")
    func descriptors() throws {
        let directory = try TemporaryDirectory()
        let text = try directory.write(Array("RIFF but not a sound".utf8), to: "a.wav")
        let source = unsafe open(text, O_RDONLY)
        for _ in 0..<2000 { #expect(throws: AudioError.self) { _ = try AudioFile.read(text) } }
        let next = unsafe open(text, O_RDONLY)
        // Other tests of this process run beside this one and hold some.
        #expect(next < source + 200)
        #expect(close(source) == 0 && close(next) == 0)
    }
}
