// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import TestSupport
import Testing

struct TorchArchiveErrorTests {
    /// An archive that breaks one rule, and words of the message that must name it.
    struct Case: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let message: String
        let kind: CheckpointError.Kind

        init(_ bytes: [UInt8], _ message: String, _ kind: CheckpointError.Kind = .malformed) {
            self.bytes = bytes
            self.message = message
            self.kind = kind
        }

        /// An archive with this pickle between PROTO and STOP.
        init(pickle body: [UInt8], _ message: String, _ kind: CheckpointError.Kind = .malformed) {
            self.init(ArchiveBuilder(pickle: Pickle.program(body)).build(), message, kind)
        }

        /// A good archive with one change.
        init(_ message: String, _ kind: CheckpointError.Kind = .malformed, _ change: (inout ArchiveBuilder) -> Void) {
            var builder = ArchiveBuilder(pickle: Pickle.program(Pickle.tensor(shape: [2, 3], strides: [3, 1])))
            change(&builder)
            self.init(builder.build(), message, kind)
        }

        var testDescription: String { message }
    }

    static let archives: [Case] = [
        Case([], "the file is empty"),
        Case([1, 2, 3], "not a zip archive"),
        Case(Array("PK\u{3}\u{4} and nothing else that a zip archive has".utf8), "truncated"),
        Case([0x80, 2] + Pickle.none + [0x2E], "bare pickle", .unsupported),
        Case("'archive/data.pkl' twice") { $0.members.append($0.members[0]) },
        Case("has no member 'archive/data/0'") { $0.members.remove(at: 2) },
        Case("0 members NAME/data.pkl") { $0.members.remove(at: 0) },
        Case("2 members NAME/data.pkl") { $0.members.append(.init("other/data.pkl", [])) },
        Case("'archive/data/0' is compressed", .unsupported) { $0.members[2].method = 8 },
        Case("load it in PyTorch", .unsupported) { $0.members[0].method = 8 },
        Case("'archive/data.pkl' is encrypted", .unsupported) { $0.members[0].flags = 1 },
        Case("two different sizes") { $0.members[2].statedCompressedByteCount = 23 },
        Case("another name in its own header") { $0.members[2].localName = "archive/data/1" },
        Case("no header where the directory says") { $0.members[2].statedOffset = 1 },
        Case("no header where the directory says") { $0.members[2].statedOffset = .max - 1 },
        Case("reaches beyond the archive's data") { $0.members[2].statedByteCount = 1 << 30 },
        Case("zip64 number of the archive is missing") { $0.members[2].statedByteCount = .max },
        Case("zip64 number of the archive is missing or too large") {
            $0.members[2].statedByteCount = .max
            $0.members[2].extra = [1, 0, 8, 0] + Fixture.bytes(UInt64.max)
        },
        Case("zip64 number of the archive is missing") {
            $0.members[2].statedByteCount = .max
            $0.members[2].extra = [1, 0, 255, 255, 0]
        },
        Case("directory is damaged") { $0.statedMemberCount = 5 },
        Case("directory is longer than its members") { $0.statedMemberCount = 3 },
        Case("directory is not where its end says") { $0.statedDirectoryOffset = 7 },
        Case("directory is not where its end says") { $0.statedDirectoryOffset = .max },
        Case("more than any torch archive") { $0.wideMemberCount = .max },
        Case("directory is damaged") { $0.wideMemberCount = 5 },
        Case("byte order is 'big'", .unsupported) { $0.members[1].bytes = Array("big".utf8) },
        Case("byte order is 'unreadable'", .unsupported) { $0.members[1].bytes = [0xFF] },
    ]

    static let programs: [Case] = [
        Case(pickle: [], "empty stack"),
        Case(pickle: [0x80, 1], "protocol 1", .unsupported),
        Case(pickle: [0x80, 6], "protocol 6", .unsupported),
        Case(pickle: Pickle.none + Pickle.none, "left over"),
        Case(pickle: Pickle.mark + Pickle.none, "left over"),
        Case(pickle: Pickle.none + [0x2E] + Pickle.none, "left over"),
        Case(pickle: Pickle.none + Pickle.mark + [0x30], "empty stack"),
        Case(pickle: Pickle.none + Pickle.tuple, "MARK is missing"),
        Case(pickle: Pickle.none + [0x31], "MARK is missing"),
        Case(pickle: [0x86], "empty stack"),
        Case(pickle: [0x68, 0], "recalls object 0"),
        Case(pickle: [0x6A, 1, 0, 0, 0], "recalls object 1"),
        Case(pickle: [0x71, 0], "empty stack"),
        Case(pickle: [0x81], "opcode 0x81 is refused", .unsupported),
        Case(pickle: [0x49] + Array("1\n".utf8), "opcode 0x49 is refused", .unsupported),
        Case(pickle: [0x58, 255, 255, 255, 255], "ends in the middle"),
        Case(pickle: [0x8D] + Fixture.bytes(UInt64.max), "ends in the middle"),
        Case(pickle: [0x58, 1, 0, 0, 0, 0xFF], "not UTF-8"),
        Case(pickle: [0x63] + Array("torch".utf8), "ends in the middle"),
        Case(pickle: [0x8A, 9] + [UInt8](repeating: 1, count: 9), "more than 64 bits", .unsupported),
        Case(pickle: Pickle.none + Pickle.none + Pickle.append, "appends to no list"),
        Case(pickle: Pickle.none + Pickle.none + Pickle.none + Pickle.setItem, "sets items of no dictionary"),
        Case(pickle: Pickle.emptyDictionary + Pickle.mark + Pickle.none + [0x75], "not in pairs"),
        Case(pickle: Pickle.none + Pickle.none + [0x62], "sets the state", .unsupported),
        Case(pickle: Pickle.none + Pickle.none + [0x93], "name of a global is no string"),
    ]

    static let calls: [Case] = [
        Case(pickle: Pickle.global("os", "system"), "'os.system' is refused", .unsupported),
        Case(
            pickle: Pickle.text("builtins") + Pickle.text("eval") + [0x93],
            "'builtins.eval' is refused",
            .unsupported
        ),
        Case(pickle: Pickle.global("torch", "load"), "'torch.load' is refused", .unsupported),
        Case(pickle: Pickle.global("torch", "Size"), "holds a class", .unsupported),
        Case(pickle: Pickle.storage(), "bare storage", .unsupported),
        Case(pickle: Pickle.none + Pickle.emptyTuple + Pickle.reduce, "no function"),
        Case(pickle: Pickle.global("torch", "FloatStorage") + Pickle.emptyTuple + Pickle.reduce, "no function"),
        Case(pickle: Pickle.global("torch", "Size") + Pickle.none + Pickle.reduce, "no function"),
        Case(pickle: Pickle.global("torch", "Size") + Pickle.emptyTuple + Pickle.reduce, "Size is called"),
        Case(
            pickle: Pickle.global("collections", "OrderedDict") + Pickle.none + [0x85] + Pickle.reduce,
            "OrderedDict is called"
        ),
        Case(
            pickle: Pickle.global("_codecs", "encode") + Pickle.text("a") + Pickle.text("rot13") + [0x86]
                + Pickle.reduce,
            "encode is called"
        ),
        Case(
            pickle: Pickle.global("_codecs", "encode") + Pickle.text("\u{100}") + Pickle.text("latin1") + [0x86]
                + Pickle.reduce,
            "encode is called"
        ),
        Case(
            pickle: Pickle.global("torch._utils", "_rebuild_tensor_v2") + Pickle.emptyTuple + Pickle.reduce,
            "_rebuild_tensor is"
        ),
        Case(
            pickle: Pickle.global("torch._utils", "_rebuild_parameter") + Pickle.none + Pickle.none + Pickle.none + [
                0x87
            ]
                + Pickle.reduce,
            "_rebuild_parameter is called"
        ),
    ]

    static let tensors: [Case] = [
        Case(pickle: Pickle.none + Pickle.persistentID, "not that of a storage"),
        Case(pickle: Pickle.emptyTuple + Pickle.persistentID, "not that of a storage"),
        Case(pickle: Pickle.storage(key: "../version"), "has no member 'archive/data/../version'"),
        Case(pickle: Pickle.storage(count: 7), "announced as 7 elements of 4 bytes, the archive has 24"),
        Case(pickle: Pickle.storage(count: 5), "announced as 5 elements"),
        Case(pickle: Pickle.storage(count: -6), "announced as -6 elements"),
        Case(pickle: Pickle.storage(count: .max), "announced as"),
        Case(pickle: Pickle.tensor(shape: [7], strides: [1]), "reach outside"),
        Case(pickle: Pickle.tensor(offset: 1, shape: [6], strides: [1]), "reach outside"),
        Case(pickle: Pickle.tensor(offset: .max, shape: [2], strides: [1]), "reach outside"),
        Case(pickle: Pickle.tensor(offset: 7, shape: [0], strides: [1]), "reach outside"),
        Case(pickle: Pickle.tensor(shape: [2, 3], strides: [4, 1]), "reach outside"),
        Case(pickle: Pickle.tensor(shape: [3], strides: [.max]), "reach outside"),
        Case(pickle: Pickle.tensor(shape: [2, 2], strides: [.max, .max]), "reach outside"),
        Case(pickle: Pickle.tensor(offset: -1, shape: [1], strides: [1]), "negative"),
        Case(pickle: Pickle.tensor(shape: [-1], strides: [1]), "negative"),
        Case(pickle: Pickle.tensor(shape: [2], strides: [-1]), "negative"),
        Case(pickle: Pickle.tensor(shape: [2, 3], strides: [1]), "2 dimensions and 1 strides"),
        Case(pickle: Pickle.tensor(shape: [.max, .max], strides: [0, 0]), "larger than any memory"),
        Case(pickle: Pickle.tensor(shape: [Int](repeating: 1, count: 65), strides: []), "_rebuild_tensor is called"),
    ]

    static let trees: [Case] = [
        Case(
            pickle: Pickle.emptyDictionary + Pickle.none + Pickle.none + Pickle.setItem,
            "neither a string nor an integer",
            .unsupported
        ),
        Case(
            pickle: Pickle.emptyDictionary + Pickle.text("k") + Pickle.none + Pickle.setItem + Pickle.text("k")
                + Pickle.none
                + Pickle.setItem,
            "key 'k' twice"
        ),
        Case(
            pickle: Pickle.emptyDictionary + Pickle.text("0") + Pickle.tensor(shape: [1], strides: [1]) + Pickle.setItem
                + Pickle.integer(0) + Pickle.tensor(shape: [1], strides: [1]) + Pickle.setItem,
            "two tensors have this dotted path"
        ),
        // A list that contains itself.
        Case(pickle: Pickle.emptyList + [0x71, 0, 0x68, 0] + Pickle.append, "or in themselves", .unsupported),
        Case(
            pickle: [UInt8](repeating: 0x5D, count: 100) + [UInt8](repeating: 0x61, count: 99),
            "nested",
            .unsupported
        ),
        // Forty lists, each holding the one before it twice: 2^40 objects if they were written out.
        Case(
            pickle: Pickle.emptyList + (0..<40).flatMap { _ in [0x32, 0x86] as [UInt8] },
            "describes more than",
            .unsupported
        ),
        Case(
            pickle: Pickle.emptyDictionary + Pickle.text(String(repeating: "k", count: 5000)) + Pickle.none
                + Pickle.setItem,
            "path of an object",
            .unsupported
        ),
        Case(pickle: [UInt8](repeating: 0x5D, count: 2_100_000), "builds more than", .unsupported),
        Case(pickle: [0x4E] + [UInt8](repeating: 0x32, count: 2_100_000), "builds more than", .unsupported),
        Case(
            pickle: [UInt8](repeating: 0x4E, count: (32 << 20) + 1),
            "more than the 33554432 that are read",
            .unsupported
        ),
    ]

    @Test(
        "An archive that breaks a rule is refused, by the rule's name",
        arguments: archives + programs + calls + tensors + trees
    )
    func refusal(_ example: Case) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(example.bytes, to: "hostile.pt")
        let error = try #require(throws: CheckpointError.self) { try TorchArchive(path: path) }
        #expect(error.path == path)
        #expect(error.reason.contains(example.message), "\(error)")
        #expect(error.kind == example.kind, "\(error)")
    }

    @Test(
        "What Python wrote and is not tensors and plain values is refused by name",
        arguments: [
            ("legacy.pt", "PyTorch before 1.6"), ("numpy.pt", "'numpy"), ("complex.pt", "'torch.ComplexFloatStorage'"),
        ]
    )
    func foreign(name: String, message: String) throws {
        let error = try #require(throws: CheckpointError.self) { try TorchArchive(path: Fixture.path(name)) }
        #expect(error.kind == .unsupported)
        #expect(error.reason.contains(message), "\(error)")
    }

    @Test("A safetensors file is not taken for an archive")
    func safetensors() throws {
        let error = try #require(throws: CheckpointError.self) {
            try TorchArchive(path: Fixture.path("types.safetensors"))
        }
        #expect(error.reason.contains("not a zip archive"))
    }

    @Test("One stored number expanded to terabytes is described, but not copied")
    func expansion() throws {
        let directory = try TemporaryDirectory()
        let pickle = Pickle.program(Pickle.tensor(shape: [1 << 20, 1 << 20], strides: [0, 0]))
        let archive = try TorchArchive(path: directory.write(ArchiveBuilder(pickle: pickle).build(), to: "a.pt"))
        #expect(try archive.tensor("").elementCount == 1 << 40)
        let error = try #require(throws: CheckpointError.self) { try archive.contiguousBytes("") }
        #expect(error.kind == .unsupported && error.reason.contains("24 stored bytes"))
    }
}
