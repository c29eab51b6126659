// SPDX-License-Identifier: Apache-2.0

import Checksums
import Foundation
import NIOCore
import Synchronization

/// A download that is not finished: the bytes, and a journal of the parts that are there, each with its CRC.
///
/// Both lie beside the target under a name made of the object's tag, so that another version never continues this one.
/// A process holds a lock on the bytes; whoever comes second writes to a file of its own. After a crash the next run
/// checks each part of the journal against the bytes and goes on. What fits into one part has no journal.
final class PartialFile: Sendable {
    private struct Header: Codable {
        var etag: String
        var size: Int
        var partSize: Int
    }

    let file: LocalFile
    private let target: String
    private let journalPath: String
    private let journal: LocalFile?
    private let journalEnd: Mutex<Int>

    /// Opens or makes the files.
    ///
    /// Blocking.
    init(target: String, etag: ETag, size: Int, partSize: Int) throws(ObjectStoreError) {
        let directory = LocalDirectory.parent(of: target) ?? "."
        try LocalDirectory.create(directory)
        if try LocalDirectory.status(target)?.kind == .directory {
            throw ObjectStoreError(.localFile, operation: "write", key: target, message: "it is a directory")
        }
        let name = target.split(separator: "/").last.map(String.init) ?? "object"
        let tag = Self.tag(etag)
        // The name plus tag must fit into a file name; a long one is cut, the journal's header still tells them apart.
        let stem = directory + "/." + String(decoding: name.utf8.prefix(200), as: UTF8.self) + "." + tag
        file = try Self.open(stem)
        journalPath = file.path + "s"
        journal = size > partSize ? try LocalFile(journalPath, .createOrUpdate) : nil
        self.target = target
        journalEnd = Mutex(0)
        header = (etag, size, partSize)
    }

    private let header: (etag: ETag, size: Int, partSize: Int)

    private static func open(_ stem: String) throws(ObjectStoreError) -> LocalFile {
        while true {
            let shared = try LocalFile(stem + ".part", .createOrUpdate)
            guard try shared.tryLockExclusively() else {
                return try LocalFile(
                    stem + "." + String(UInt64.random(in: 0 ... .max), radix: 36) + ".part",
                    .createNew
                )
            }
            // Whoever held the lock may have made the file the target before giving it back: that is not to be touched.
            if try LocalDirectory.status(shared.path)?.inode == shared.status().inode { return shared }
        }
    }

    private static func tag(_ etag: ETag) -> String {
        var code = CyclicRedundancyCode(.nvme64)
        unsafe Array(etag.text.utf8).withUnsafeBytes { unsafe code.update($0) }
        return String(code.value, radix: 16)
    }

    /// The parts that an earlier run has left and that are what the journal says.
    ///
    /// Blocking.
    ///
    /// - Returns: Part numbers and their CRCs; empties the journal when it is of something else.
    func recover(_ plan: DownloadPlan) throws(ObjectStoreError) -> [(part: Int, code: CyclicRedundancyCode)] {
        guard let journal else { return [] }
        let size = try journal.status().size
        let text = String(buffer: try journal.read(at: 0, count: min(size, 64 << 20)))
        // The last line may be torn.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let found = lines.first.flatMap { try? JSONDecoder().decode(Header.self, from: Data($0.utf8)) }
        let isSame = found?.etag == header.etag.text && found?.size == header.size && found?.partSize == header.partSize
        guard isSame, try file.status().size == header.size else {
            try start(journal)
            return []
        }
        journalEnd.withLock { $0 = lines.reduce(0) { $0 + $1.utf8.count + 1 } }
        var recovered: [(Int, CyclicRedundancyCode)] = []
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            guard words.count == 2, let part = Int(words[0]), 0..<plan.partCount ~= part,
                let value = UInt64(words[1], radix: 16)
            else { continue }
            let code = try code(of: plan.range(part))
            if code.value == value { recovered.append((part, code)) }
        }
        return recovered
    }

    private func start(_ journal: LocalFile) throws(ObjectStoreError) {
        try journal.truncate(0)
        let header = Header(etag: header.etag.text, size: header.size, partSize: header.partSize)
        guard let line = try? JSONEncoder().encode(header) else {
            throw ObjectStoreError(
                .localFile,
                operation: "write",
                key: journalPath,
                message: "the journal cannot be written"
            )
        }
        let bytes = ByteBuffer(bytes: line + [UInt8(ascii: "\n")])
        try journal.write(bytes, at: 0)
        journalEnd.withLock { $0 = bytes.readableBytes }
    }

    private func code(of range: Range<Int>) throws(ObjectStoreError) -> CyclicRedundancyCode {
        var code = CyclicRedundancyCode(.nvme64)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let bytes = try file.read(at: offset, count: min(1 << 20, range.upperBound - offset))
            if bytes.readableBytes == 0 { break }
            unsafe bytes.withUnsafeReadableBytes { unsafe code.update($0) }
            offset += bytes.readableBytes
        }
        return code
    }

    /// Notes a part whose bytes are written.
    ///
    /// Blocking.
    func note(_ part: Int, _ code: CyclicRedundancyCode, _ range: Range<Int>) throws(ObjectStoreError) {
        file.startFlushing(range)
        guard let journal else { return }
        let line = ByteBuffer(string: "\(part) \(String(code.value, radix: 16))\n")
        let offset = journalEnd.withLock { end in
            defer { end += line.readableBytes }
            return end
        }
        try journal.write(line, at: offset)
    }

    /// Makes the bytes the target, whole and on the disk.
    ///
    /// Blocking.
    ///
    /// - Parameters:
    ///   - modified: When the object was written.
    ///   - flushesDirectory: Whether the name is to be on the disk as well; else the caller flushes the directory.
    /// - Throws: `.localFile`.
    func publish(modified: Date?, flushesDirectory: Bool = true) throws(ObjectStoreError) {
        if let modified { try file.setModified(nanoseconds: Int64(modified.timeIntervalSince1970 * 1e9)) }
        try file.synchronize()
        try LocalDirectory.rename(file.path, to: target)
        if journal != nil { try LocalDirectory.remove(journalPath) }
        if flushesDirectory { try LocalDirectory.synchronize(LocalDirectory.parent(of: target) ?? ".") }
    }

    /// Lets another download go on from here.
    ///
    /// Dropping the last reference does so too, but a thread that has just run something on the file may hold one for a
    /// moment after the answer.
    func release() { file.unlock() }

    /// Leaves nothing behind.
    ///
    /// Blocking.
    func discard() throws(ObjectStoreError) {
        try LocalDirectory.remove(journalPath)
        try LocalDirectory.remove(file.path)
    }
}
