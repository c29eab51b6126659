// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import TestSupport
import Testing

struct MappedFileTests {
    @Test("The bytes are those of the file")
    func bytes() throws {
        let directory = try TemporaryDirectory()
        let file = try MappedFile(path: directory.write([1, 2, 3], to: "a"))
        #expect(file.byteCount == 3)
        #expect(file.copy(0..<3) == [1, 2, 3])
        #expect(file.integer(at: 1, as: UInt16.self) == 0x0302)
    }

    @Test("An empty file is mapped as no bytes")
    func empty() throws {
        let directory = try TemporaryDirectory()
        let file = try MappedFile(path: directory.write([], to: "a"))
        #expect(file.byteCount == 0)
        #expect(unsafe file.bytes.isEmpty)
        #expect(file.copy(0..<0) == [])
        file.adviseSequential()
    }

    @Test("Advice changes nothing that is read, even beyond the file")
    func advice() throws {
        let directory = try TemporaryDirectory()
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 % 251) }
        let file = try MappedFile(path: directory.write(bytes, to: "a"))
        file.adviseSequential()
        file.adviseWillNeed()
        file.adviseWillNeed(5000..<Int.max)
        file.adviseDontNeed(4097..<90_000)
        file.adviseDontNeed()
        #expect(file.copy(0..<100_000) == bytes)
    }

    @Test("A file that is replaced by renaming keeps its bytes for whoever has it mapped")
    func replaced() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write([1, 2, 3], to: "a")
        let file = try MappedFile(path: path)
        try FileManager.default.removeItem(atPath: path)
        try directory.write([9], to: "a")
        #expect(file.copy(0..<3) == [1, 2, 3])
    }

    @Test("A missing file, a directory, a pipe and a dangling link are each named as such")
    func notFiles() throws {
        let directory = try TemporaryDirectory()
        let pipe = directory.path(of: "pipe")
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        let dangling = directory.path(of: "dangling")
        try FileManager.default.createSymbolicLink(atPath: dangling, withDestinationPath: "nothing")
        let loop = directory.path(of: "loop")
        try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: "loop")
        let file = try directory.write([], to: "file")
        let cases: [(path: String, kind: CheckpointError.Kind, words: String)] = [
            (directory.path(of: "none"), .missing, "no such file"),
            (file + "/below", .missing, "no such file"),
            (directory.path, .notRegularFile, "it is a directory"),
            (pipe, .notRegularFile, "pipe"),
            ("/dev/null", .notRegularFile, "device"),
            (dangling, .missing, "symbolic link to a file that does not exist"),
            (loop, .notRegularFile, "symbolic link"),
            (directory.path(of: String(repeating: "x", count: 300)), .unreadable, "name too long"),
        ]
        for example in cases {
            let error = try #require(throws: CheckpointError.self) { try MappedFile(path: example.path) }
            #expect(error.kind == example.kind, "\(error)")
            #expect(error.description.lowercased().contains(example.words), "\(error)")
        }
    }

    @Test("A link to a file is followed unless the caller forbids it")
    func links() throws {
        let directory = try TemporaryDirectory()
        try directory.write([7], to: "blob")
        let link = directory.path(of: "link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "blob")
        #expect(try MappedFile(path: link).copy(0..<1) == [7])
        let error = try #require(throws: CheckpointError.self) {
            try MappedFile(path: link, followsSymbolicLinks: false)
        }
        #expect(error.kind == .notRegularFile)
    }
}
