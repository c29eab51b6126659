// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A file that comes into being whole or not at all.
///
/// Bytes go to a temporary name in the same directory; ``commit()`` makes them durable and renames. An object that is
/// destroyed before that removes its temporary file, so no failure leaves anything behind. Only a killed process can,
/// under a name that ends in `.safetensors.partial`.
package struct AtomicFile: ~Copyable {
    private let path: String
    private let directory: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var isCommitted = false

    /// Creates the temporary file.
    ///
    /// - Throws: ``CheckpointError`` of kind `unwritable`.
    package init(path: String) throws(CheckpointError) {
        let separator = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let directory = separator.map { String(path[...$0]) } ?? "./"
        // The name does not contain the final one, which may be as long as a name can be.
        let random = String(UInt64.random(in: .min ... .max), radix: 16)
        let temporaryPath = "\(directory).\(random).safetensors.partial"
        let descriptor = unsafe open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CheckpointError(.unwritable, path: path, reason: "creating a file beside it: \(SystemError())")
        }
        self.path = path
        self.directory = directory
        self.temporaryPath = temporaryPath
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        if !isCommitted { unsafe unlink(temporaryPath) }
    }

    /// Appends bytes.
    ///
    /// - Throws: ``CheckpointError`` of kind `unwritable`, for example when the disk is full.
    package func write(_ bytes: RawSpan) throws(CheckpointError) {
        try Self.write(bytes, to: descriptor, path: path)
    }

    /// Writes everything to the device, gives the file its name and makes the name durable.
    ///
    /// - Throws: ``CheckpointError`` of kind `unwritable`; then the temporary file is removed.
    package mutating func commit() throws(CheckpointError) {
        guard fsync(descriptor) == 0 else { throw failure("writing to the device") }
        guard unsafe rename(temporaryPath, path) == 0 else { throw failure("renaming the finished file") }
        isCommitted = true
        let directoryDescriptor = unsafe open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard directoryDescriptor >= 0 else { throw failure("opening its directory") }
        defer { close(directoryDescriptor) }
        // Some network file systems cannot sync a directory; the file itself is safe there.
        guard fsync(directoryDescriptor) == 0 || errno == EINVAL else { throw failure("writing its directory") }
    }

    private func failure(_ action: String) -> CheckpointError {
        CheckpointError(.unwritable, path: path, reason: "\(action): \(SystemError())")
    }

    /// Writes all bytes to an open descriptor; `path` is for the message.
    package static func write(
        _ bytes: RawSpan,
        to descriptor: Int32,
        path: String
    ) throws(CheckpointError) {
        let error = unsafe bytes.withUnsafeBytes { buffer in unsafe writeAll(buffer, to: descriptor) }
        if let error { throw CheckpointError(.unwritable, path: path, reason: "writing: \(error)") }
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> SystemError? {
        // Linux writes at most 2^31 - 4096 bytes a call, Darwin refuses more than 2^31 - 1.
        let largestWrite = 1 << 30
        var position = 0
        while position < bytes.count {
            let count = min(bytes.count - position, largestWrite)
            let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
            #if canImport(Darwin)
            let written = unsafe Darwin.write(descriptor, part.baseAddress, count)
            #elseif canImport(Musl)
            let written = unsafe Musl.write(descriptor, part.baseAddress, count)
            #else
            let written = unsafe Glibc.write(descriptor, part.baseAddress, count)
            #endif
            if written > 0 {
                position += written
                continue
            }
            let error = SystemError()
            if !error.isInterruption { return error }
        }
        return nil
    }
}
