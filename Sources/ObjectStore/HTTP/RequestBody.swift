// SPDX-License-Identifier: Apache-2.0

import Crypto
package import NIOCore

/// What a request carries: bytes in memory, or a piece of a file that is read while it is sent.
package enum RequestBody: Sendable {
    /// Bytes in memory.
    case bytes(ByteBuffer)
    /// A piece of a file.
    case file(FileSlice)

    /// How many bytes there are.
    package var count: Int {
        switch self {
        case .bytes(let bytes): bytes.readableBytes
        case .file(let slice): slice.range.count
        }
    }

    /// What is said about the bytes before they are sent.
    struct Digests: Sendable {
        /// The SHA-256 in hexadecimal digits, where it was asked for.
        var sha256: String?
        var checksum: Checksum?
    }

    /// Takes the digests in one pass.
    func digests(sha256: Bool, _ algorithm: ChecksumAlgorithm?) async throws -> Digests {
        switch self {
        case .bytes(let bytes):
            return Digests(
                sha256: sha256 ? ChecksumHasher.digest(of: bytes) : nil,
                checksum: algorithm.map { ChecksumHasher.checksum($0, of: bytes) }
            )
        case .file(let slice): return try await FileThreads.run { try slice.digests(sha256: sha256, algorithm) }
        }
    }
}

/// A piece of a file that is to be sent: read as it goes, and again for every attempt, so that it takes no memory.
public struct FileSlice: Sendable {
    /// A pass stays in the processor's cache.
    fileprivate static let stepSize = 256 << 10

    package let file: LocalFile
    /// Which bytes of the file.
    public let range: Range<Int>

    /// A piece of an open file.
    package init(_ file: LocalFile, _ range: Range<Int>) {
        self.file = file
        self.range = range
    }

    /// All bytes, in memory.
    ///
    /// - Throws: `.localFile` when the file has become shorter.
    package func bytes() async throws -> ByteBuffer {
        try await FileThreads.run {
            let bytes = try file.read(at: range.lowerBound, count: range.count)
            if bytes.readableBytes != range.count { throw tooShort() }
            return bytes
        }
    }

    /// Blocking.
    fileprivate func digests(sha256: Bool, _ algorithm: ChecksumAlgorithm?) throws -> RequestBody.Digests {
        var hash = sha256 ? SHA256() : nil
        var hasher = algorithm.map { ChecksumHasher($0) }
        var (offset, buffer) = (range.lowerBound, ByteBuffer())
        while offset < range.upperBound {
            buffer.clear()
            try file.read(into: &buffer, at: offset, count: min(Self.stepSize, range.upperBound - offset))
            if buffer.readableBytes == 0 { throw tooShort() }
            unsafe buffer.withUnsafeReadableBytes { bytes in
                unsafe hash?.update(bufferPointer: bytes)
                unsafe hasher?.update(bytes)
            }
            offset += buffer.readableBytes
        }
        return RequestBody.Digests(
            sha256: hash.map { Hexadecimal.encode($0.finalize()) },
            checksum: hasher?.finalized()
        )
    }

    private func tooShort() -> ObjectStoreError {
        ObjectStoreError(
            .changedDuringTransfer,
            operation: "upload",
            key: file.path,
            message: "the file was cut while it was being sent"
        )
    }
}
