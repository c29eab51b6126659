// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A regular file mapped read-only into memory for as long as this object lives.
///
/// Opening costs the same for any size: pages are read when they are touched and belong to the page cache, so several
/// processes share them. The bytes are the file's as of the touch. A file that is *truncated* while it is mapped makes
/// the system end the process at the next touch beyond its new end (SIGBUS), which no reader can prevent; replace
/// checkpoints by renaming, as ``SafetensorsWriter`` does, and never write into them.
@safe
public final class MappedFile: Sendable {
    /// The path, as given.
    public let path: String
    /// The file's size when it was opened.
    public let byteCount: Int

    // The region is mapped without PROT_WRITE and unmapped only in deinit, so any thread may read it at any time.
    private nonisolated(unsafe) let region: UnsafeRawBufferPointer

    /// Maps a file.
    ///
    /// - Parameters:
    ///   - path: the file; a relative path is looked up from the working directory.
    ///   - followsSymbolicLinks: whether `path` may itself be a link, as the files of a Hugging Face cache are. Say
    ///     false for files that a stranger has put into a directory.
    /// - Throws: ``CheckpointError`` if it is missing, not a regular file, or cannot be mapped.
    public init(path: String, followsSymbolicLinks: Bool = true) throws(CheckpointError) {
        // Without O_NONBLOCK, opening a pipe waits for a writer.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsSymbolicLinks ? 0 : O_NOFOLLOW)
        let descriptor = unsafe open(path, flags)
        guard descriptor >= 0 else { throw Self.openingFailure(SystemError(), path: path) }
        defer { close(descriptor) }
        let byteCount = try Self.sizeOfRegularFile(descriptor, path: path)
        self.path = path
        self.byteCount = byteCount
        unsafe region = try Self.map(descriptor, byteCount: byteCount, path: path)
    }

    deinit {
        if let base = unsafe region.baseAddress {
            unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
        }
    }

    /// All bytes of the file.
    ///
    /// The pointer is valid only while this object is alive: keep the object with it.
    public var bytes: UnsafeRawBufferPointer { unsafe region }

    /// One byte; the offset must lie in the file, which is checked.
    package func byte(at offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount, "offset beyond the mapped file")
        return unsafe region[offset]
    }

    /// A little-endian integer; its bytes must lie in the file, which is checked.
    package func integer<Integer: FixedWidthInteger>(at offset: Int, as type: Integer.Type) -> Integer {
        let width = MemoryLayout<Integer>.size
        precondition(offset >= 0 && offset <= byteCount - width, "offset beyond the mapped file")
        return unsafe Integer(littleEndian: region.loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// A copy of some bytes; the range must lie in the file, which is checked.
    package func copy(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "range beyond the mapped file")
        return unsafe [UInt8](UnsafeRawBufferPointer(rebasing: region[range]))
    }

    /// The bytes as text, or nil where they are not UTF-8; the range must lie in the file, which is checked.
    package func text(_ range: Range<Int>) -> String? {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "range beyond the mapped file")
        return unsafe String(validating: region[range], as: UTF8.self)
    }

    private static func openingFailure(_ error: SystemError, path: String) -> CheckpointError {
        if error.isSymbolicLink {
            return CheckpointError(
                .notRegularFile,
                path: path,
                reason: "it is a symbolic link, or one of a loop of them"
            )
        }
        if error.isMissing {
            let reason = isSymbolicLink(path) ? "it is a symbolic link to a file that does not exist" : "no such file"
            return CheckpointError(.missing, path: path, reason: reason)
        }
        return CheckpointError(.unreadable, path: path, reason: "\(error)")
    }

    private static func isSymbolicLink(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    private static func sizeOfRegularFile(_ descriptor: Int32, path: String) throws(CheckpointError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw CheckpointError(.unreadable, path: path, reason: "\(SystemError())")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            return Int(status.st_size)
        case S_IFDIR:
            throw CheckpointError(.notRegularFile, path: path, reason: "it is a directory; name a file in it")
        default:
            throw CheckpointError(.notRegularFile, path: path, reason: "it is a pipe, socket or device, not a file")
        }
    }

    private static func map(
        _ descriptor: Int32,
        byteCount: Int,
        path: String
    ) throws(CheckpointError) -> UnsafeRawBufferPointer {
        // mmap refuses a length of zero.
        guard byteCount > 0 else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
        let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard unsafe address != MAP_FAILED else {
            throw CheckpointError(.unreadable, path: path, reason: "mapping \(byteCount) bytes: \(SystemError())")
        }
        return unsafe UnsafeRawBufferPointer(start: address, count: byteCount)
    }
}
