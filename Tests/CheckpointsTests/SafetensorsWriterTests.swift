// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import TestSupport
import Testing

struct SafetensorsWriterTests {
    @Test("The bytes are those that Python's library writes", arguments: ["types", "odd", "none"])
    func golden(name: String) throws {
        let directory = try TemporaryDirectory()
        let source = try SafetensorsFile(path: Fixture.path("\(name).safetensors"))
        let copy = directory.path(of: "copy.safetensors")
        let tensors = source.tensors.values.map {
            TensorSpecification(name: $0.name, dtype: $0.dtype, shape: $0.shape)
        }
        try SafetensorsWriter.write(to: copy, tensors: tensors, metadata: source.metadata) { name in
            try unsafe source.withBytes(of: name) { buffer in unsafe [UInt8](buffer) }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == Data(Fixture.bytes("\(name).safetensors")))
    }

    @Test("Metadata are sorted, so that equal content is equal bytes")
    func metadataOrder() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "a.safetensors")
        let metadata = Dictionary(uniqueKeysWithValues: (0..<26).map { ("k\($0)", "\($0)") })
        try SafetensorsWriter.write(to: path, tensors: [], metadata: metadata) { _ in [] }
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)).dropFirst(8), as: UTF8.self)
        let members = metadata.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
        #expect(text.hasPrefix("{\"__metadata__\":{\(members)}}"))
        #expect(text.utf8.count.isMultiple(of: 8))
        #expect(try SafetensorsFile(path: path).metadata == metadata)
    }

    @Test("Every control character in a name or value is read back")
    func controlCharacters() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "a.safetensors")
        let name = String(String.UnicodeScalarView((0..<0x80).compactMap(Unicode.Scalar.init))) + "\u{E9}\u{1F600}"
        let tensor = TensorSpecification(name: name, dtype: .uint8, shape: [1])
        try SafetensorsWriter.write(to: path, tensors: [tensor], metadata: [name: name]) { _ in [5] }
        let file = try SafetensorsFile(path: path)
        #expect(file.names == [name])
        #expect(file.metadata == [name: name])
    }

    @Test("A tensor may be appended in pieces")
    func pieces() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "a.safetensors")
        let tensor = TensorSpecification(name: "a", dtype: .uint8, shape: [300_000])
        let piece = [UInt8](repeating: 3, count: 1000)
        try SafetensorsWriter.stream(to: path, tensors: [tensor]) { _, writer in
            for _ in 0..<300 { try unsafe writer.append(piece.span.bytes) }
        }
        let file = try SafetensorsFile(path: path)
        let sum = try unsafe file.withBytes(of: "a") { buffer in unsafe buffer.reduce(0) { $0 + Int($1) } }
        #expect(sum == 900_000)
    }

    @Test("A file is replaced whole, also through a relative path")
    func replacement() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write([1], to: "a.safetensors")
        try SafetensorsWriter.write(to: path, tensors: []) { _ in [] }
        #expect(try SafetensorsFile(path: path).names.isEmpty)
        #expect(try directory.names() == ["a.safetensors"])
        let relative = "lumina-test-\(UInt64.random(in: .min ... .max)).safetensors"
        defer { try? FileManager.default.removeItem(atPath: relative) }
        try SafetensorsWriter.write(to: relative, tensors: []) { _ in [] }
        #expect(try SafetensorsFile(path: relative).names.isEmpty)
    }

    /// A request that cannot be a file, and words of the message that must say why.
    struct Request: Sendable, CustomTestStringConvertible {
        let tensors: [TensorSpecification]
        let byteCount: Int
        let message: String

        init(
            _ name: String,
            _ dtype: StoredDType,
            _ shape: [Int],
            twice: Bool = false,
            bytes: Int = 0,
            _ message: String
        ) {
            let tensor = TensorSpecification(name: name, dtype: dtype, shape: shape)
            tensors = twice ? [tensor, tensor] : [tensor]
            byteCount = bytes
            self.message = message
        }

        var testDescription: String { message }
    }

    static let requests = [
        Request("", .uint8, [], "may not be empty"),
        Request("__metadata__", .uint8, [], "reserves"),
        Request("a", .uint8, [], twice: true, "given twice"),
        Request("a", .uint8, [-1], "negative"),
        Request("a", .float32, [.max], "larger than any memory"),
        Request("a", .uint8, [1 << 32, 1 << 32], "larger than any memory"),
        Request("a", .uint8, [Int](repeating: 1, count: 65), "more than 64 dimensions"),
        Request("a", .float32, [2], bytes: 7, "7 bytes were given, its type and shape take 8"),
        Request("a", .float32, [2], bytes: 9, "9 bytes were given, its type and shape take 8"),
        Request(String(repeating: "x", count: 100_000_001), .uint8, [0], "readers accept"),
    ]

    @Test("What is not a checkpoint is refused and nothing is left behind", arguments: requests)
    func invalidRequest(_ request: Request) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write([42], to: "old")
        let error = try #require(throws: CheckpointError.self) {
            try SafetensorsWriter.write(to: path, tensors: request.tensors) { _ in
                [UInt8](repeating: 0, count: request.byteCount)
            }
        }
        #expect(error.kind == .invalidRequest)
        #expect(error.reason.contains(request.message), "\(error)")
        #expect(try directory.names() == ["old"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([42]))
    }

    @Test("Tensors that are larger together than any file are refused")
    func sumOverflow() throws {
        let directory = try TemporaryDirectory()
        let tensors = ["a", "b"].map { TensorSpecification(name: $0, dtype: .uint8, shape: [.max]) }
        let error = try #require(throws: CheckpointError.self) {
            try SafetensorsWriter.write(to: directory.path(of: "a"), tensors: tensors) { _ in [] }
        }
        #expect(error.reason.contains("larger than any file"))
    }

    @Test("What the caller throws comes through, and the old file stays")
    func callerError() throws {
        struct Failure: Error {}
        let directory = try TemporaryDirectory()
        let path = try directory.write([42], to: "old")
        let tensor = TensorSpecification(name: "a", dtype: .uint8, shape: [1])
        #expect(throws: Failure.self) {
            try SafetensorsWriter.write(to: path, tensors: [tensor]) { _ in throw Failure() }
        }
        #expect(try directory.names() == ["old"])
    }

    @Test("A place where no file can be is an error that names it")
    func unwritable() throws {
        let directory = try TemporaryDirectory()
        try directory.write([1], to: "file")
        for path in [
            directory.path(of: "none/a"), directory.path(of: "file/a"), directory.path, directory.path(of: ""),
        ] {
            let error = try #require(throws: CheckpointError.self) {
                try SafetensorsWriter.write(to: path, tensors: []) { _ in [] }
            }
            #expect(error.kind == .unwritable)
            #expect(error.description.hasPrefix("cannot write '\(path)'"))
        }
        #expect(try directory.names() == ["file"])
    }

    #if os(Linux)
    @Test("A full disk is an error in the system's words")
    func diskFull() throws {
        let descriptor = unsafe open("/dev/full", O_WRONLY)
        defer { close(descriptor) }
        let bytes: [UInt8] = [1, 2, 3]
        let error = try #require(throws: CheckpointError.self) {
            try unsafe AtomicFile.write(bytes.span.bytes, to: descriptor, path: "out.safetensors")
        }
        #expect(error.kind == .unwritable)
        #expect(error.description.contains("'out.safetensors'") && error.description.contains("No space left"))
    }
    #endif
}
