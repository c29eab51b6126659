// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Bytes that can be read at any offset: a file, or memory.
package protocol ByteSource {
    /// The number of bytes.
    var count: Int { get }
    /// The bytes at an offset, fewer at the end. The caller bounds `count`.
    func bytes(at offset: Int, count: Int) throws(AudioError) -> [UInt8]
}

extension [UInt8]: ByteSource {
    /// The bytes at an offset, fewer at the end.
    package func bytes(at offset: Int, count: Int) -> [UInt8] {
        Array(self[Swift.min(offset, self.count)..<Swift.min(offset + count, self.count)])
    }
}

/// A regular file, open for reading.
final class FileSource: ByteSource {
    private let descriptor: Int32
    let count: Int
    private let path: String

    /// - Throws: ``AudioError/cannotRead(path:code:)``, ``AudioError/notARegularFile(path:)``.
    init(path: String) throws(AudioError) {
        // Without O_NONBLOCK a pipe would hold us until somebody writes to it.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .cannotRead(path: path, code: errno) }
        var status = stat()
        let code = unsafe fstat(descriptor, &status) == 0 ? 0 : errno
        guard code == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw code == 0 ? .notARegularFile(path: path) : .cannotRead(path: path, code: code)
        }
        self.descriptor = descriptor
        self.count = Int(status.st_size)
        self.path = path
    }

    deinit {
        // Somebody who closes our descriptor closes another thread's the next time: that must not go unseen.
        let isClosed = close(descriptor) == 0 || errno != EBADF
        precondition(isClosed, "a sound file's descriptor was closed behind our back")
    }

    func bytes(at offset: Int, count: Int) throws(AudioError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, min(count, self.count - offset)))
        var filled = 0
        while filled < bytes.count {
            let received = unsafe bytes.withUnsafeMutableBytes { raw in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: raw[filled...])
                return unsafe pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
            }
            if received < 0, errno == EINTR { continue }
            guard received >= 0 else { throw .cannotRead(path: path, code: errno) }
            guard received > 0 else { break }
            filled += received
        }
        return Array(bytes[..<filled])
    }
}
