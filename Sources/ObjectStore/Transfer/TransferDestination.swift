// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Where a download's bytes go, at their offsets and in any order.
package protocol TransferDestination: Sendable {
    /// Makes room for so many bytes.
    func prepare(_ size: Int) async throws
    /// Takes bytes; ranges never overlap unless they bring the same bytes.
    func write(_ bytes: ByteBuffer, at offset: Int) async throws
    /// Reads bytes back, to hash them in order.
    func read(at offset: Int, count: Int) async throws -> ByteBuffer
}

/// A file, written by a pool of threads.
package struct FileDestination: TransferDestination {
    private let file: LocalFile

    /// Writes into an open file.
    package init(_ file: LocalFile) { self.file = file }

    /// Reserves the disk space.
    package func prepare(_ size: Int) async throws {
        try await FileThreads.run {
            try file.preallocate(size)
            try file.truncate(size)
        }
    }

    /// Writes bytes.
    package func write(_ bytes: ByteBuffer, at offset: Int) async throws {
        try await FileThreads.run { try file.write(bytes, at: offset) }
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

    func prepare(_ size: Int) async throws {
        let room = unsafe memory.region.count
        if size > room {
            throw ObjectStoreError(
                .invalidRequest,
                message: "the object has \(size) bytes, the memory given has room for \(room)"
            )
        }
    }

    func write(_ bytes: ByteBuffer, at offset: Int) async throws {
        unsafe bytes.withUnsafeReadableBytes { source in
            // In bounds: `prepare` has checked the object's size, and no range goes beyond it.
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory.region[offset..<offset + source.count])
            unsafe target.copyMemory(from: source)
        }
    }

    func read(at offset: Int, count: Int) async throws -> ByteBuffer {
        unsafe ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: memory.region[offset..<offset + count]))
    }
}
