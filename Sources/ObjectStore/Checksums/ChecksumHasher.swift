// SPDX-License-Identifier: Apache-2.0

import Checksums
import Crypto
package import NIOCore

/// Computes any of the checksums over bytes that arrive in pieces.
package struct ChecksumHasher: Sendable {
    private enum State: Sendable {
        case code(CyclicRedundancyCode)
        case sha256(SHA256)
        case sha1(Insecure.SHA1)
    }

    private let algorithm: ChecksumAlgorithm
    private var state: State

    /// Starts with no bytes.
    package init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        switch algorithm {
        case .crc64nvme: state = .code(CyclicRedundancyCode(.nvme64))
        case .crc32c: state = .code(CyclicRedundancyCode(.castagnoli32))
        case .crc32: state = .code(CyclicRedundancyCode(.zip32))
        case .sha256: state = .sha256(SHA256())
        case .sha1: state = .sha1(Insecure.SHA1())
        }
    }

    /// Takes more bytes in.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .code(var code):
            unsafe code.update(bytes)
            state = .code(code)
        case .sha256(var hash):
            unsafe hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .sha1(var hash):
            unsafe hash.update(bufferPointer: bytes)
            state = .sha1(hash)
        }
    }

    /// Takes the readable bytes in.
    package mutating func update(_ buffer: ByteBuffer) {
        unsafe buffer.withUnsafeReadableBytes { unsafe update($0) }
    }

    /// Takes bytes in.
    package mutating func update(bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// The checksum of the bytes so far.
    package func finalized() -> Checksum { Checksum(algorithm, base64: Base64.encode(finalBytes)) }

    /// The checksum's bytes.
    package var finalBytes: [UInt8] {
        switch state {
        case .code(let code): code.bigEndianBytes
        case .sha256(let hash): Array(hash.finalize())
        case .sha1(let hash): Array(hash.finalize())
        }
    }

    /// The checksum of one buffer.
    package static func checksum(_ algorithm: ChecksumAlgorithm, of buffer: ByteBuffer) -> Checksum {
        var hasher = ChecksumHasher(algorithm)
        hasher.update(buffer)
        return hasher.finalized()
    }

    /// The SHA-256 of one buffer, in hexadecimal digits.
    package static func digest(of buffer: ByteBuffer) -> String {
        var hash = SHA256()
        unsafe buffer.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
        return Hexadecimal.encode(hash.finalize())
    }
}
