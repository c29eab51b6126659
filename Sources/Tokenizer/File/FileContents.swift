// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// Reads a whole regular file, with an upper limit; devices, pipes and folders are refused, not waited for.
enum FileContents {
    /// Real files are 7 to 35 MB; what is larger is something else.
    static let maximumByteCount = 128 << 20

    /// The bytes at `path`.
    ///
    /// Throws `TokenizerError.cannotRead`.
    static func read(path: String) throws(TokenizerError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw systemError(path) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw systemError(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .cannotRead(path: path, reason: "it is not a file; name the tokenizer.json itself")
        }
        let byteCount = Int(status.st_size)
        guard byteCount <= maximumByteCount else {
            throw .cannotRead(
                path: path,
                reason: "it has \(byteCount) bytes, more than the \(maximumByteCount) allowed"
            )
        }
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var filled = 0
        while filled < byteCount {
            let start = filled
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(descriptor, buffer.baseAddress?.advanced(by: start), byteCount - start, off_t(start))
            }
            guard count >= 0 else { throw systemError(path) }
            guard count > 0 else { throw .cannotRead(path: path, reason: "it shrank while it was read; try again") }
            filled += count
        }
        return bytes
    }

    private static func systemError(_ path: String) -> TokenizerError {
        .cannotRead(path: path, reason: unsafe String(cString: strerror(errno)))
    }
}
