// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file being written under a temporary name beside its destination, `.NAME.partial-PID`.
///
/// Readers see the old file or the whole new one, never a part: the data reach the disk before the rename, and on any
/// error the partial file is removed and the old one is untouched.
package final class PartialFile: ByteSink {
    private let descriptor: Int32
    /// The destination, for messages.
    private let path: String
    /// Of the sink.
    package private(set) var position = 0
    /// Of the sink.
    package private(set) var count = 0

    /// Takes over an open descriptor.
    package init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Runs `body` with a partial file and puts it in place of `path`.
    ///
    /// - Throws: What `body` throws, ``AudioError/cannotWrite(path:code:)``, ``AudioError/notARegularFile(path:)``.
    static func replace(_ path: String, _ body: (PartialFile) throws(AudioError) -> Void) throws(AudioError) {
        let destination = try resolve(path)
        let (descriptor, partialPath) = try create(beside: destination, path: path)
        do throws(AudioError) {
            let file = PartialFile(descriptor: descriptor, path: path)
            try body(file)
            try file.synchronize()
            guard unsafe rename(partialPath, destination) == 0 else { throw .cannotWrite(path: path, code: errno) }
        } catch {
            unsafe unlink(partialPath)
            throw error
        }
    }

    /// Follows links to the file that is to be replaced, and refuses what a rename would destroy, such as a device.
    private static func resolve(_ path: String) throws(AudioError) -> String {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .cannotWrite(path: path, code: errno) }
            guard !FilePathParts(path).name.isEmpty else { throw .notARegularFile(path: path) }
            return path
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path: path) }
        guard let resolved = unsafe realpath(path, nil) else { throw .cannotWrite(path: path, code: errno) }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// Creates the partial file; a name that a crashed run of the same process number left is not reused.
    private static func create(beside destination: String, path: String) throws(AudioError) -> (Int32, String) {
        let parts = FilePathParts(destination)
        // A name may have 255 bytes; the rest of a very long one does not matter here.
        let name = String(decoding: parts.name.utf8.prefix(200), as: UTF8.self)
        for attempt in 0..<1000 {
            let suffix = attempt == 0 ? "" : "-\(attempt)"
            let partialPath = "\(parts.directory)/.\(name).partial-\(getpid())\(suffix)"
            let descriptor = unsafe open(partialPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return (descriptor, partialPath) }
            guard errno == EEXIST else { throw .cannotWrite(path: path, code: errno) }
        }
        throw .cannotWrite(path: path, code: EEXIST)
    }

    /// Moves to an offset.
    package func seek(to offset: Int) throws(AudioError) {
        guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { throw .cannotWrite(path: path, code: errno) }
        position = offset
    }

    /// Writes all the bytes, however many calls that takes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(AudioError) {
        var rest = unsafe bytes[...]
        while unsafe !rest.isEmpty {
            let chunk = unsafe UnsafeRawBufferPointer(rebasing: rest)
            let written = unsafe systemWrite(descriptor, chunk.baseAddress, chunk.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .cannotWrite(path: path, code: written < 0 ? errno : ENOSPC) }
            unsafe rest = rest.dropFirst(written)
            position += written
            count = max(count, position)
        }
    }

    private func synchronize() throws(AudioError) {
        guard fsync(descriptor) == 0 else { throw .cannotWrite(path: path, code: errno) }
    }
}

/// The C function, which the method of the same name hides.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(descriptor, bytes, count)
}
