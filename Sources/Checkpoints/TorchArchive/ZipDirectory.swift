// SPDX-License-Identifier: Apache-2.0

/// The members of a zip file, from its central directory; only what torch.save writes is understood.
///
/// Format: PKWARE's APPNOTE.TXT 6.3.10, §4.3 (records) and §4.5.3 (zip64). Nothing is trusted: each number is checked
/// before it is used, and a member's local header must name the same member as the directory.
struct ZipDirectory {
    /// One stored file of the archive.
    struct Member: Sendable, Hashable {
        let name: String
        let method: UInt16
        let flags: UInt16
        let checksum: UInt32
        let compressedByteCount: Int
        let byteCount: Int
        let headerOffset: Int
    }

    /// The archive.
    let file: MappedFile
    /// The members by name.
    let members: [String: Member]
    /// Where the central directory begins; every member lies before it.
    private let directoryStart: Int

    /// More members than any torch archive has.
    static let maximumMemberCount = 250_000
    private static let memberRecordByteCount = 46
    private static let localHeaderByteCount = 30

    /// Reads the central directory.
    init(_ file: MappedFile) throws(CheckpointError) {
        let end = try ZipEnd(file)
        self.file = file
        directoryStart = end.directory.lowerBound
        var members: [String: Member] = [:]
        var position = end.directory.lowerBound
        for _ in 0..<end.memberCount {
            let member = try Self.member(file, at: &position, before: end.directory.upperBound)
            guard members.updateValue(member, forKey: member.name) == nil else {
                throw Self.malformed(file, "the archive has the member \(CheckpointError.quoted(member.name)) twice")
            }
        }
        guard position == end.directory.upperBound else {
            throw Self.malformed(file, "the archive's directory is longer than its members")
        }
        self.members = members
    }

    /// Where a member's bytes lie in the file.
    ///
    /// - Throws: ``CheckpointError`` if it is missing, compressed, encrypted, or reaches beyond the archive.
    func range(of name: String) throws(CheckpointError) -> Range<Int> {
        let quoted = CheckpointError.quoted(name)
        guard let member = members[name] else {
            throw Self.malformed(file, "the archive has no member \(quoted)")
        }
        guard member.flags & 1 == 0 else {
            throw CheckpointError(.unsupported, path: file.path, reason: "the member \(quoted) is encrypted")
        }
        guard member.method == 0 else {
            let advice = "torch.save does not compress; load it in PyTorch and save it again"
            throw CheckpointError(
                .unsupported,
                path: file.path,
                reason: "the member \(quoted) is compressed; \(advice)"
            )
        }
        guard member.compressedByteCount == member.byteCount else {
            throw Self.malformed(file, "the stored member \(quoted) has two different sizes")
        }
        let start = try dataStart(of: member)
        guard start <= directoryStart, member.byteCount <= directoryStart - start else {
            throw Self.malformed(file, "the member \(quoted) reaches beyond the archive's data")
        }
        return start..<start + member.byteCount
    }

    private func dataStart(of member: Member) throws(CheckpointError) -> Int {
        let quoted = CheckpointError.quoted(member.name)
        let offset = member.headerOffset
        guard directoryStart >= Self.localHeaderByteCount, offset <= directoryStart - Self.localHeaderByteCount,
            file.integer(at: offset, as: UInt32.self) == 0x0403_4B50
        else { throw Self.malformed(file, "the member \(quoted) has no header where the directory says") }
        let nameByteCount = Int(file.integer(at: offset + 26, as: UInt16.self))
        let extraByteCount = Int(file.integer(at: offset + 28, as: UInt16.self))
        let nameStart = offset + Self.localHeaderByteCount
        guard nameByteCount <= directoryStart - nameStart,
            file.text(nameStart..<nameStart + nameByteCount) == member.name
        else { throw Self.malformed(file, "the member \(quoted) has another name in its own header") }
        return nameStart + nameByteCount + extraByteCount
    }

    static func malformed(_ file: MappedFile, _ reason: String) -> CheckpointError {
        CheckpointError(.malformed, path: file.path, reason: reason)
    }

    /// Reads one record of the central directory and steps behind it.
    private static func member(
        _ file: MappedFile,
        at position: inout Int,
        before end: Int
    ) throws(CheckpointError) -> Member {
        let start = position
        guard end - start >= memberRecordByteCount, file.integer(at: start, as: UInt32.self) == 0x0201_4B50 else {
            throw malformed(file, "the archive's directory is damaged at byte \(start)")
        }
        func short(_ offset: Int) -> UInt16 { file.integer(at: start + offset, as: UInt16.self) }
        func long(_ offset: Int) -> UInt32 { file.integer(at: start + offset, as: UInt32.self) }
        let nameStart = start + memberRecordByteCount
        let extraStart = nameStart + Int(short(28))
        let commentStart = extraStart + Int(short(30))
        position = commentStart + Int(short(32))
        guard position <= end else { throw malformed(file, "the archive's directory is cut off at byte \(start)") }
        guard let name = file.text(nameStart..<extraStart) else {
            throw malformed(file, "the name of the archive's member at byte \(start) is not UTF-8")
        }
        var wide = Zip64Extra(file, extraStart..<commentStart)
        let byteCount = try wide.value(long(24))
        let compressedByteCount = try wide.value(long(20))
        let headerOffset = try wide.value(long(42))
        return Member(
            name: name,
            method: short(10),
            flags: short(8),
            checksum: long(16),
            compressedByteCount: compressedByteCount,
            byteCount: byteCount,
            headerOffset: headerOffset
        )
    }
}

/// The 64-bit numbers of a member whose 32-bit fields are all ones.
private struct Zip64Extra {
    private let file: MappedFile
    private var position: Int
    private var end: Int

    /// Finds the zip64 field among a member's extra fields.
    init(_ file: MappedFile, _ range: Range<Int>) {
        self.file = file
        position = 0
        end = 0
        var field = range.lowerBound
        while range.upperBound - field >= 4 {
            let start = field + 4
            let byteCount = Int(file.integer(at: field + 2, as: UInt16.self))
            guard byteCount <= range.upperBound - start else { return }
            if file.integer(at: field, as: UInt16.self) == 1 {
                position = start
                end = start + byteCount
                return
            }
            field = start + byteCount
        }
    }

    /// The number itself, or the next 64-bit one if it is all ones.
    mutating func value(_ narrow: UInt32) throws(CheckpointError) -> Int {
        guard narrow == .max else { return Int(narrow) }
        guard end - position >= 8, let value = Int(exactly: file.integer(at: position, as: UInt64.self)) else {
            throw ZipDirectory.malformed(file, "a zip64 number of the archive is missing or too large")
        }
        position += 8
        return value
    }
}
