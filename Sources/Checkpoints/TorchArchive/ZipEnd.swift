// SPDX-License-Identifier: Apache-2.0

/// The record at the end of a zip file (APPNOTE §4.3.14 to 4.3.16) that says where the central directory is.
struct ZipEnd {
    /// The central directory's bytes, within the file.
    let directory: Range<Int>
    /// The number of members in it.
    let memberCount: Int

    private static let byteCount = 22
    private static let locatorByteCount = 20
    private static let wideByteCount = 56

    /// Finds and checks the record.
    init(_ file: MappedFile) throws(CheckpointError) {
        let end = try Self.find(file)
        var count = Int(file.integer(at: end + 10, as: UInt16.self))
        var byteCount = UInt64(file.integer(at: end + 12, as: UInt32.self))
        var offset = UInt64(file.integer(at: end + 16, as: UInt32.self))
        var limit = end
        if let wide = try Self.findWide(file, before: end) {
            count = Int(clamping: file.integer(at: wide + 32, as: UInt64.self))
            byteCount = file.integer(at: wide + 40, as: UInt64.self)
            offset = file.integer(at: wide + 48, as: UInt64.self)
            limit = wide
        }
        guard offset <= UInt64(limit), byteCount == UInt64(limit) - offset else {
            throw ZipDirectory.malformed(
                file,
                "the archive's directory is not where its end says; it is truncated or joined"
            )
        }
        guard count <= ZipDirectory.maximumMemberCount else {
            throw ZipDirectory.malformed(file, "the archive has \(count) members, more than any torch archive")
        }
        directory = Int(offset)..<limit
        memberCount = count
    }

    /// The offset of the end record: the last one whose comment reaches exactly to the end of the file.
    private static func find(_ file: MappedFile) throws(CheckpointError) -> Int {
        let last = file.byteCount - byteCount
        guard last >= 0 else { throw notAnArchive(file) }
        var position = last
        while position >= max(0, last - Int(UInt16.max)) {
            if file.integer(at: position, as: UInt32.self) == 0x0605_4B50,
                Int(file.integer(at: position + 20, as: UInt16.self)) == last - position
            {
                return position
            }
            position -= 1
        }
        throw notAnArchive(file)
    }

    /// The offset of the zip64 end record, if there is a locator for one.
    private static func findWide(_ file: MappedFile, before end: Int) throws(CheckpointError) -> Int? {
        let locator = end - locatorByteCount
        guard locator >= 0, file.integer(at: locator, as: UInt32.self) == 0x0706_4B50 else { return nil }
        let offset = file.integer(at: locator + 8, as: UInt64.self)
        guard locator >= wideByteCount, offset == UInt64(locator - wideByteCount),
            file.integer(at: Int(offset), as: UInt32.self) == 0x0606_4B50
        else { throw ZipDirectory.malformed(file, "the archive's zip64 end record is not where its locator says") }
        return Int(offset)
    }

    /// What the file is instead, with what to do about it.
    private static func notAnArchive(_ file: MappedFile) -> CheckpointError {
        if file.byteCount == 0 { return ZipDirectory.malformed(file, "the file is empty") }
        switch file.byte(at: 0) {
        case 0x80:
            let advice = "load it in PyTorch with weights_only=True and save it again with torch.save"
            let reason = "it is a bare pickle, as PyTorch before 1.6 wrote; \(advice)"
            return CheckpointError(.unsupported, path: file.path, reason: reason)
        case UInt8(ascii: "P"):
            return ZipDirectory.malformed(file, "it begins like a zip archive and has no end; it is truncated")
        default:
            return ZipDirectory.malformed(file, "it is not a zip archive, which is what torch.save writes")
        }
    }
}
