// SPDX-License-Identifier: Apache-2.0

import CObjectStore
package import NIOCore
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// An open file of the local disk: reads and writes at offsets, closed when dropped.
///
/// Every call blocks: use it on `FileThreads` only.
package final class LocalFile: Sendable {
    /// How to open.
    package enum Mode: Sendable {
        /// An existing file; a symbolic link as the last component is followed.
        case read
        /// An existing file, to change it.
        case update
        /// A new file; one that is there is an error.
        case createNew
        /// A new file or the one that is there.
        case createOrUpdate

        fileprivate var flags: Int32 {
            switch self {
            case .read: O_RDONLY
            case .update: O_RDWR | O_NOFOLLOW
            case .createNew: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW
            case .createOrUpdate: O_RDWR | O_CREAT | O_NOFOLLOW
            }
        }
    }

    /// Where the file was when it was opened.
    package let path: String
    private let descriptor: Int32
    /// Held while bytes are written: the kernel lets one writer into a file at a time and has the others spin for their
    /// turn, which takes the processor from those who receive.
    private let writing = Mutex(())

    /// Opens a file.
    package init(_ path: String, _ mode: Mode) throws(ObjectStoreError) {
        let opened = unsafe open(path, mode.flags | O_CLOEXEC, 0o644)
        if opened < 0 { throw .localFile(errno, doing: mode == .read ? "open" : "write", path: path) }
        descriptor = opened
        self.path = path
    }

    deinit { _ = close(descriptor) }

    /// Size, time and identity of the file.
    package func status() throws(ObjectStoreError) -> FileStatus {
        var information = stat()
        if unsafe fstat(descriptor, &information) != 0 { throw .localFile(errno, doing: "examine", path: path) }
        return FileStatus(information)
    }

    /// Reads up to `count` bytes from `offset`; fewer only at the end of the file.
    package func read(at offset: Int, count: Int) throws(ObjectStoreError) -> ByteBuffer {
        var buffer = ByteBuffer()
        try read(into: &buffer, at: offset, count: count)
        return buffer
    }

    /// Reads up to `count` bytes from `offset` to the end of a buffer.
    package func read(into buffer: inout ByteBuffer, at offset: Int, count: Int) throws(ObjectStoreError) {
        var failure: Int32 = 0
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            var done = 0
            while done < count, let base = space.baseAddress {
                let size = unsafe pread(descriptor, base + done, count - done, off_t(offset + done))
                if size < 0 && errno == EINTR { continue }
                if size < 0 { failure = errno }
                if size <= 0 { break }
                done += size
            }
            return done
        }
        if failure != 0 { throw .localFile(failure, doing: "read", path: path) }
    }

    /// As much as the kernel keeps in one page.
    ///
    /// For a larger write to a new file it takes a run of pages, and those of a virtual machine are mostly ones that the host has
    /// taken back, whose first touch costs far more than the copy. Single pages it has at hand. Into reserved room, of which it
    /// looks up the place each time, larger writes are cheaper all the same.
    package static let pageSize = max(4096, sysconf(Int32(_SC_PAGESIZE)))

    /// Writes the readable bytes at `offset`, so many at once.
    package func write(_ buffer: ByteBuffer, at offset: Int, step: Int = 32 << 10) throws(ObjectStoreError) {
        let failure = unsafe buffer.withUnsafeReadableBytes { bytes in
            writing.withLock { _ in unsafe writeAll(bytes, at: offset, step) }
        }
        if failure != 0 { throw .localFile(failure, doing: "write", path: path) }
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int, _ step: Int) -> Int32 {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = min(step, bytes.count - done)
            let size = unsafe pwrite(descriptor, base + done, count, off_t(offset + done))
            if size < 0 && errno == EINTR { continue }
            if size < 0 { return errno }
            done += size
        }
        return 0
    }

    /// Gives the file `size` bytes of disk now, so that a full disk shows before the transfer.
    ///
    /// - Throws: `.noSpace` with what is needed and what is free, before other programs feel it.
    package func preallocate(_ size: Int) throws(ObjectStoreError) {
        try requireSpace(size)
        #if canImport(Darwin)
        let failure = EOPNOTSUPP
        #else
        let failure = size > 0 ? posix_fallocate(descriptor, 0, off_t(size)) : 0
        #endif
        if failure == EOPNOTSUPP || failure == EINVAL {
            try truncate(size)
        } else if failure != 0 {
            throw .localFile(failure, doing: "reserve \(size) bytes for", path: path)
        }
    }

    private func requireSpace(_ size: Int) throws(ObjectStoreError) {
        var (volume, own) = (statvfs(), stat())
        guard unsafe fstatvfs(descriptor, &volume) == 0, unsafe fstat(descriptor, &own) == 0 else { return }
        let (free, isHuge) = UInt64(volume.f_bavail).multipliedReportingOverflow(by: UInt64(volume.f_frsize))
        let needed = UInt64(max(0, size - Int(own.st_blocks) * 512))
        if isHuge || needed <= free { return }
        throw ObjectStoreError(
            .noSpace,
            operation: "reserve room for",
            key: path,
            message: "\(needed) bytes are needed, \(free) are free; free some space or choose another directory"
        )
    }

    /// Cuts or extends the file.
    package func truncate(_ size: Int) throws(ObjectStoreError) {
        if ftruncate(descriptor, off_t(size)) != 0 { throw .localFile(errno, doing: "resize", path: path) }
    }

    /// Starts writing some bytes to the disk, without waiting, so that little is left to do at the end.
    package func startFlushing(_ range: Range<Int>) {
        co_start_flush(descriptor, Int64(range.lowerBound), Int64(range.count))
    }

    /// Waits until the bytes are on the disk.
    package func synchronize() throws(ObjectStoreError) {
        if fsync(descriptor) != 0 { throw .localFile(errno, doing: "flush", path: path) }
    }

    /// Takes away the right to write, so that nobody edits the file in place.
    package func makeReadOnly() throws(ObjectStoreError) {
        if fchmod(descriptor, 0o444) != 0 { throw .localFile(errno, doing: "protect", path: path) }
    }

    /// Sets the time of the last change.
    package func setModified(nanoseconds: Int64) throws(ObjectStoreError) {
        let time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        if unsafe futimens(descriptor, [time, time]) != 0 { throw .localFile(errno, doing: "date", path: path) }
    }

    /// Waits for the only lock on the file; given back when the file is closed, also by a crash.
    package func lockExclusively() throws(ObjectStoreError) {
        while flock(descriptor, LOCK_EX) != 0 {
            if errno != EINTR { throw .localFile(errno, doing: "lock", path: path) }
        }
    }

    /// Gives the lock back before the file is closed.
    package func unlock() { _ = flock(descriptor, LOCK_UN) }

    /// Takes the only lock if nobody has it.
    package func tryLockExclusively() throws(ObjectStoreError) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        if errno == EWOULDBLOCK || errno == EINTR { return false }
        throw .localFile(errno, doing: "lock", path: path)
    }
}

/// What the file system says about a file.
package struct FileStatus: Sendable, Equatable {
    /// The kinds that matter here.
    package enum Kind: Sendable {
        case file
        case directory
        case symbolicLink
        case other
    }

    /// What it is.
    package let kind: Kind
    /// Its size in bytes.
    package let size: Int
    /// Its number on its device.
    package let inode: UInt64
    /// Its last change, in nanoseconds since 1970.
    package let modified: Int64

    /// A name for this content of this file: another writer's file has another.
    package var identity: String {
        String(inode, radix: 36) + "-" + String(size, radix: 36) + "-" + String(modified, radix: 36)
    }

    init(_ information: stat) {
        switch information.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        default: kind = .other
        }
        size = Int(information.st_size)
        inode = UInt64(information.st_ino)
        #if canImport(Darwin)
        let time = information.st_mtimespec
        #else
        let time = information.st_mtim
        #endif
        modified = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
