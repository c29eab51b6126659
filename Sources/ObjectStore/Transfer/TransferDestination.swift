// SPDX-License-Identifier: Apache-2.0

package import Checksums
import Crypto
package import NIOCore

/// What is taken of a part's bytes on their way to where they go.
package struct PartDigest: Sendable {
    /// The CRC that parts are combined by.
    package private(set) var code: CyclicRedundancyCode
    private let isCodeKnown: Bool
    private var hasher: SHA256?

    /// Begins a part.
    ///
    /// - Parameters:
    ///   - wantsHash: Whether to take the SHA-256.
    ///   - knownCode: The CRC of all of the part, where whoever brings the bytes makes sure of it.
    package init(wantsHash: Bool, knownCode: CyclicRedundancyCode? = nil) {
        hasher = wantsHash ? SHA256() : nil
        code = knownCode ?? CyclicRedundancyCode(.nvme64)
        isCodeKnown = knownCode != nil
    }

    /// The SHA-256 in hexadecimal digits, where it was asked for.
    package var hash: String? { hasher.map { Hexadecimal.encode($0.finalize()) } }

    /// Takes bytes in.
    package mutating func update(_ bytes: ByteBuffer) {
        unsafe bytes.withUnsafeReadableBytes { raw in
            if !isCodeKnown { unsafe code.update(raw) }
            unsafe hasher?.update(bufferPointer: raw)
        }
    }
}

/// Where a download's bytes go, at their offsets and in any order.
package protocol TransferDestination: Sendable {
    /// Handing bytes over costs as much as taking in so many: fewer are kept back until more have come.
    var worthwhileCount: Int { get }
    /// Makes room for so many bytes.
    func prepare(_ size: Int) async throws
    /// Takes bytes that follow each other; ranges never overlap unless they bring the same bytes.
    ///
    /// - Returns: The digest of the part with these bytes.
    func write(_ chunks: [ByteBuffer], at offset: Int, _ digest: PartDigest) async throws -> PartDigest
    /// Reads bytes back, to hash them in order.
    func read(at offset: Int, count: Int) async throws -> ByteBuffer
}

/// A file, written by a pool of threads.
package struct FileDestination: TransferDestination {
    private let file: LocalFile

    /// Another thread takes them.
    package var worthwhileCount: Int { 512 << 10 }

    /// Writes into an open file.
    package init(_ file: LocalFile) { self.file = file }

    /// Reserves the disk space.
    package func prepare(_ size: Int) async throws {
        try await FileThreads.run {
            try file.preallocate(size)
            try file.truncate(size)
        }
    }

    /// Writes bytes; digests are taken on the same thread, where the bytes are at hand.
    package func write(_ chunks: [ByteBuffer], at offset: Int, _ digest: PartDigest) async throws -> PartDigest {
        try await FileThreads.run {
            var (digest, offset) = (digest, offset)
            for chunk in chunks {
                digest.update(chunk)
                try file.write(chunk, at: offset)
                offset += chunk.readableBytes
            }
            return digest
        }
    }

    /// Reads bytes back.
    package func read(at offset: Int, count: Int) async throws -> ByteBuffer {
        try await FileThreads.run { try file.read(at: offset, count: count) }
    }
}

/// Memory that a caller owns: mapped, or pinned for a GPU.
///
/// - Important: The memory must stay valid, and untouched by others, until the download has ended.
@safe public struct TransferMemory: @unchecked Sendable {
    // Sendable because parts write disjoint ranges (or the same bytes twice), and the owner waits for the end.
    fileprivate let region: UnsafeMutableRawBufferPointer

    /// Takes a region as the place for an object's bytes.
    @unsafe public init(_ region: UnsafeMutableRawBufferPointer) { unsafe self.region = region }
}

/// A caller's memory as a destination.
struct MemoryDestination: TransferDestination {
    let memory: TransferMemory

    var worthwhileCount: Int { 1 }

    func prepare(_ size: Int) async throws {
        let room = unsafe memory.region.count
        if size > room {
            throw ObjectStoreError(
                .invalidRequest,
                message: "the object has \(size) bytes, the memory given has room for \(room)"
            )
        }
    }

    func write(_ chunks: [ByteBuffer], at offset: Int, _ digest: PartDigest) async throws -> PartDigest {
        var (digest, offset) = (digest, offset)
        for chunk in chunks {
            digest.update(chunk)
            unsafe chunk.withUnsafeReadableBytes { source in
                // In bounds: `prepare` has checked the object's size, and no range goes beyond it.
                let target = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: memory.region[offset..<offset + source.count]
                )
                unsafe target.copyMemory(from: source)
            }
            offset += chunk.readableBytes
        }
        return digest
    }

    func read(at offset: Int, count: Int) async throws -> ByteBuffer {
        unsafe ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: memory.region[offset..<offset + count]))
    }
}
