// SPDX-License-Identifier: Apache-2.0

/// Builds zip archives byte by byte, so that tests can break any rule of the format.
struct ArchiveBuilder {
    /// A member and what its records say about it.
    struct Member {
        var name: String
        var bytes: [UInt8]
        var localName: String?
        var method: UInt16 = 0
        var flags: UInt16 = 0
        /// What the directory says, if not the truth.
        var statedByteCount: UInt32?
        var statedCompressedByteCount: UInt32?
        var statedOffset: UInt32?
        /// Extra field of the directory's record.
        var extra: [UInt8] = []

        init(_ name: String, _ bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    var members: [Member] = []
    var comment: [UInt8] = []
    var statedMemberCount: UInt16?
    var statedDirectoryOffset: UInt32?
    /// Writes zip64 end records, with this member count.
    var wideMemberCount: UInt64?

    /// An archive as torch.save writes it: a pickle and a storage `0`.
    init(pickle: [UInt8], storage: [UInt8] = [UInt8](repeating: 0, count: 24)) {
        members = [
            Member("archive/data.pkl", pickle), Member("archive/byteorder", Array("little".utf8)),
            Member("archive/data/0", storage), Member("archive/version", Array("3\n".utf8)),
        ]
    }

    /// The archive's bytes.
    func build() -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for member in members {
            let offset = UInt32(file.count)
            file += local(member)
            directory += record(member, offset: offset)
        }
        let start = file.count
        file += directory
        if let wideMemberCount { file += wideEnd(wideMemberCount, directory: start..<file.count) }
        let isWide = wideMemberCount != nil
        file += Fixture.bytes(0x0605_4B50 as UInt32) + [0, 0, 0, 0]
        let count = isWide ? UInt16.max : statedMemberCount ?? UInt16(members.count)
        file += Fixture.bytes(count) + Fixture.bytes(count)
        file += Fixture.bytes(isWide ? UInt32.max : UInt32(directory.count))
        file += Fixture.bytes(isWide ? UInt32.max : statedDirectoryOffset ?? UInt32(start))
        return file + Fixture.bytes(UInt16(comment.count)) + comment
    }

    private func local(_ member: Member) -> [UInt8] {
        let name = Array((member.localName ?? member.name).utf8)
        var bytes = Fixture.bytes(0x0403_4B50 as UInt32) + Fixture.bytes(20 as UInt16)
        bytes += Fixture.bytes(member.flags) + Fixture.bytes(member.method) + [UInt8](repeating: 0, count: 8)
        bytes += Fixture.bytes(UInt32(member.bytes.count)) + Fixture.bytes(UInt32(member.bytes.count))
        bytes += Fixture.bytes(UInt16(name.count)) + [0, 0]
        return bytes + name + member.bytes
    }

    private func record(_ member: Member, offset: UInt32) -> [UInt8] {
        let name = Array(member.name.utf8)
        let byteCount = member.statedByteCount ?? UInt32(member.bytes.count)
        var bytes = Fixture.bytes(0x0201_4B50 as UInt32) + Fixture.bytes(20 as UInt16) + Fixture.bytes(20 as UInt16)
        bytes += Fixture.bytes(member.flags) + Fixture.bytes(member.method) + [UInt8](repeating: 0, count: 8)
        bytes += Fixture.bytes(member.statedCompressedByteCount ?? byteCount) + Fixture.bytes(byteCount)
        bytes += Fixture.bytes(UInt16(name.count)) + Fixture.bytes(UInt16(member.extra.count))
        bytes += [UInt8](repeating: 0, count: 10) + Fixture.bytes(member.statedOffset ?? offset)
        return bytes + name + member.extra
    }

    private func wideEnd(_ count: UInt64, directory: Range<Int>) -> [UInt8] {
        var bytes = Fixture.bytes(0x0606_4B50 as UInt32) + Fixture.bytes(44 as UInt64) + [45, 0, 45, 0]
        bytes += [UInt8](repeating: 0, count: 8) + Fixture.bytes(count) + Fixture.bytes(count)
        bytes += Fixture.bytes(UInt64(directory.count)) + Fixture.bytes(UInt64(directory.lowerBound))
        bytes += Fixture.bytes(0x0706_4B50 as UInt32) + [0, 0, 0, 0]
        return bytes + Fixture.bytes(UInt64(directory.upperBound)) + [1, 0, 0, 0]
    }
}

/// Pickle opcodes for tests, named as in Python's pickletools.
enum Pickle {
    static let mark: [UInt8] = [0x28]
    static let tuple: [UInt8] = [0x74]
    static let emptyTuple: [UInt8] = [0x29]
    static let emptyList: [UInt8] = [0x5D]
    static let emptyDictionary: [UInt8] = [0x7D]
    static let append: [UInt8] = [0x61]
    static let setItem: [UInt8] = [0x73]
    static let reduce: [UInt8] = [0x52]
    static let none: [UInt8] = [0x4E]
    static let persistentID: [UInt8] = [0x51]

    static func text(_ text: String) -> [UInt8] {
        [0x58] + Fixture.bytes(UInt32(text.utf8.count)) + Array(text.utf8)
    }

    static func integer(_ value: Int) -> [UInt8] {
        [0x8A, 8] + Fixture.bytes(value)
    }

    static func global(_ module: String, _ name: String) -> [UInt8] {
        [0x63] + Array("\(module)\n\(name)\n".utf8)
    }

    static func integers(_ values: [Int]) -> [UInt8] {
        mark + values.flatMap(integer) + tuple
    }

    /// PROTO 2, the body, STOP.
    static func program(_ body: [UInt8]) -> [UInt8] {
        [0x80, 2] + body + [0x2E]
    }

    /// The persistent id of a storage.
    static func storage(_ type: String = "FloatStorage", key: String = "0", count: Int = 6) -> [UInt8] {
        mark + text("storage") + global("torch", type) + text(key) + text("cpu") + integer(count) + tuple + persistentID
    }

    /// A call of `_rebuild_tensor_v2`.
    static func tensor(storage: [UInt8] = storage(), offset: Int = 0, shape: [Int], strides: [Int]) -> [UInt8] {
        let hooks = global("collections", "OrderedDict") + emptyTuple + reduce
        let arguments = storage + integer(offset) + integers(shape) + integers(strides) + [0x89] + hooks
        return global("torch._utils", "_rebuild_tensor_v2") + mark + arguments + tuple + reduce
    }
}
