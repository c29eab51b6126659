// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import TestSupport
import Testing

struct TorchArchiveTests {
    @Test("A bare tensor has the empty name and lies in place", arguments: ["tensor.pt", "protocol4.pt"])
    func bareTensor(name: String) throws {
        let archive = try TorchArchive(path: Fixture.path(name))
        let tensor = try archive.tensor("")
        #expect(archive.names == [""])
        #expect(archive.root == .tensor(tensor))
        #expect(tensor.dtype == .float32 && tensor.shape == [2, 3] && tensor.strides == [3, 1])
        #expect(tensor.isContiguous && tensor.elementCount == 6)
        #expect(tensor.description(name: "x")?.byteRange == tensor.byteRange)
        let bytes = try unsafe archive.withBytes(of: "") { buffer in unsafe [UInt8](buffer) }
        #expect(bytes == Fixture.zeroToFive(.float32))
        #expect(try archive.contiguousBytes("") == bytes)
        try archive.verifyChecksums()
    }

    @Test("Every type that Python wrote is read with its bytes")
    func types() throws {
        let archive = try TorchArchive(path: Fixture.path("types.pt"))
        #expect(archive.names == Fixture.types.map(\.name).sorted())
        for (name, dtype) in Fixture.types {
            #expect(try archive.tensor(name).dtype == dtype)
            #expect(try archive.contiguousBytes(name) == Fixture.zeroToFive(dtype))
        }
    }

    @Test("A transposed view reports its strides and is put in order when copied")
    func transposed() throws {
        let archive = try TorchArchive(path: Fixture.path("transposed.pt"))
        let tensor = try archive.tensor("")
        #expect(tensor.shape == [3, 2] && tensor.strides == [1, 3] && !tensor.isContiguous)
        #expect(tensor.description(name: "x") == nil)
        let expected = [0, 3, 1, 4, 2, 5].flatMap { Fixture.bytes(Float($0).bitPattern) }
        #expect(try archive.contiguousBytes("") == expected)
        let error = try #require(throws: CheckpointError.self) {
            try unsafe archive.withBytes(of: "") { _ in }
        }
        #expect(error.kind == .unsupported && error.reason.contains("contiguousBytes"))
    }

    @Test("A view with an offset, steps and permuted dimensions is put in order when copied")
    func strided() throws {
        let archive = try TorchArchive(path: Fixture.path("strided.pt"))
        let tensor = try archive.tensor("")
        #expect(tensor.shape == [2, 2, 2] && tensor.strides == [2, 12, 4] && tensor.storageOffset == 4)
        // arange(24) as [2, 3, 4], rows 1 and 2, columns 0 and 2, columns outermost.
        let expected = [4, 8, 16, 20, 6, 10, 18, 22].flatMap { Fixture.bytes(Int16($0)) }
        #expect(try archive.contiguousBytes("") == expected)
    }

    @Test("An expanded tensor is repeated when copied")
    func expanded() throws {
        let archive = try TorchArchive(path: Fixture.path("expanded.pt"))
        #expect(try archive.tensor("").strides == [0, 0])
        let expected = (0..<12).flatMap { _ in Fixture.bytes(Float(1).bitPattern) }
        #expect(try archive.contiguousBytes("") == expected)
    }

    @Test("A state dict is read by its keys, without its metadata")
    func stateDict() throws {
        let archive = try TorchArchive(path: Fixture.path("state_dict.pt"))
        #expect(archive.names == ["bias", "weight"])
        #expect(try archive.tensor("weight").shape == [2, 3])
    }

    @Test("A trainer's state is read: optimizer tensors by path, plain values as they are")
    func trainingState() throws {
        let archive = try TorchArchive(path: Fixture.path("training_state.pt"))
        #expect(try archive.tensor("optimizer_state_dict.state.0.exp_avg").shape == [2, 3])
        #expect(try archive.tensor("optimizer_state_dict.state.1.exp_avg_sq").shape == [2])
        #expect(try archive.tensor("rng_state.torch_cpu").dtype == .uint8)
        #expect(archive.root["epoch"]?.integerValue == 3)
        #expect(archive.root["global_step"]?.integerValue == 300_000)
        let group = archive.root["optimizer_state_dict"]?["param_groups"]?.elements?.first
        #expect(group?["weight_decay"]?.floatValue == 0.01)
        let random = archive.root["rng_state"]?["python"]?.elements
        #expect(random?.count == 3 && random?[1].elements?.count == 625)
    }

    @Test("Every kind of plain value is read")
    func plainValues() throws {
        let archive = try TorchArchive(path: Fixture.path("training_state.pt"))
        let plain = try #require(archive.root["plain"])
        #expect(plain["none"] == PickleValue.none)
        #expect(plain["true"] == .boolean(true))
        #expect(plain["false"] == .boolean(false))
        #expect(plain["negative"] == .integer(-7))
        #expect(plain["long"] == .integer(-(1 << 40)))
        #expect(plain["float"] == .float(-2.5))
        #expect(plain["text"] == .string("\u{E9}"))
        #expect(plain["text"]?.stringValue == "\u{E9}")
        #expect(plain["bytes"] == .bytes([0, 0xFF]))
        #expect(plain["tuple"] == .tuple([]))
        #expect(plain["size"] == .tuple([.integer(2), .integer(3)]))
        #expect(plain["dtype"] == .dtype(.bfloat16))
        #expect(plain["parameter"]?.tensorValue?.shape == [3])
        #expect(plain["absent"] == nil)
        #expect(PickleValue.none["absent"] == nil)
    }

    @Test("Integers of every length keep their sign")
    func integers() throws {
        let body: [UInt8] =
            Pickle.mark + [0x8A, 0] + [0x8A, 1, 0xFF] + [0x8A, 2, 0, 0x80] + Pickle.integer(.min) + Pickle.integer(.max)
            + [0x4A, 0xFE, 0xFF, 0xFF, 0xFF] + [0x4D, 0xFF, 0xFF] + Pickle.tuple
        let directory = try TemporaryDirectory()
        let path = try directory.write(ArchiveBuilder(pickle: Pickle.program(body)).build(), to: "a.pt")
        let expected = [0, -1, -32768, Int.min, Int.max, -2, 65535].map { PickleValue.integer($0) }
        #expect(try TorchArchive(path: path).root == .tuple(expected))
    }

    @Test("An archive with zip64 records and a comment is read")
    func zip64() throws {
        let pickle = Pickle.program(Pickle.tensor(shape: [2, 3], strides: [3, 1]))
        var builder = ArchiveBuilder(pickle: pickle)
        builder.comment = Array("PK\u{5}\u{6} a comment".utf8)
        builder.wideMemberCount = 4
        builder.members[2].statedByteCount = .max
        builder.members[2].statedCompressedByteCount = .max
        builder.members[2].extra =
            [7, 0, 1, 0, 9] + [1, 0, 16, 0] + Fixture.bytes(24 as UInt64) + Fixture.bytes(24 as UInt64)
        let directory = try TemporaryDirectory()
        let path = try directory.write(builder.build(), to: "a.pt")
        #expect(try TorchArchive(path: path).tensor("").byteRange.count == 24)
    }

    @Test("A damaged storage is found by its checksum")
    func checksum() throws {
        let directory = try TemporaryDirectory()
        var bytes = try Fixture.bytes("tensor.pt")
        let range = try TorchArchive(path: Fixture.path("tensor.pt")).tensor("").byteRange
        bytes[range.lowerBound] ^= 1
        let archive = try TorchArchive(path: directory.write(bytes, to: "a.pt"))
        let error = try #require(throws: CheckpointError.self) { try archive.verifyChecksums() }
        #expect(error.kind == .malformed && error.reason.contains("'tensor/data/0'"))
    }

    @Test("A tensor that is not there is an error that names it")
    func missing() throws {
        let archive = try TorchArchive(path: Fixture.path("tensor.pt"))
        let error = try #require(throws: CheckpointError.self) { try archive.tensor("weight") }
        #expect(error.kind == .tensorMissing && error.tensor == "weight")
    }
}
