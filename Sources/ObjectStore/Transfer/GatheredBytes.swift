// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// A small object's bytes in memory, to be written to a file by one visit to another thread.
final class GatheredBytes: TransferDestination {
    private let bytes: Mutex<ByteBuffer>
    private let pool: BufferPool

    /// Makes room for `size` bytes.
    init(size: Int, in pool: BufferPool) {
        self.pool = pool
        bytes = Mutex(pool.take(size))
    }

    deinit {
        let left = bytes.withLock { $0 }
        if left.capacity > 0 { pool.giveBack(left) }
    }

    let worthwhileCount = 1

    func prepare(_ size: Int) async throws {}

    func write(_ chunks: [ByteBuffer], at offset: Int, _ digest: PartDigest) async throws -> PartDigest {
        var (digest, offset) = (digest, offset)
        bytes.withLock { bytes in
            for chunk in chunks {
                digest.update(chunk)
                bytes.setBuffer(chunk, at: offset)
                offset += chunk.readableBytes
            }
        }
        return digest
    }

    func read(at offset: Int, count: Int) async throws -> ByteBuffer {
        bytes.withLock { $0.getSlice(at: offset, length: count) ?? ByteBuffer() }
    }

    /// Writes all bytes to the start of a file, and has them no more: others need the memory while the disk works.
    ///
    /// Blocking.
    func move(to file: LocalFile) throws(ObjectStoreError) {
        let taken = bytes.withLock { bytes in
            defer { bytes = ByteBuffer() }
            return bytes
        }
        defer { pool.giveBack(taken) }
        try file.write(taken, at: 0, step: LocalFile.pageSize)
    }
}

/// Buffers that are used again: memory that comes from the system anew is cleared page by page, which costs more than
/// receiving into it.
final class BufferPool: Sendable {
    private let free = Mutex<[ByteBuffer]>([])
    private let count: Int

    /// Keeps `count` buffers at most.
    init(count: Int) { self.count = count }

    /// A buffer with `size` readable bytes of any value.
    func take(_ size: Int) -> ByteBuffer {
        var buffer = free.withLock { $0.popLast() } ?? ByteBufferAllocator().buffer(capacity: size)
        buffer.clear(minimumCapacity: size)
        buffer.moveWriterIndex(to: size)
        return buffer
    }

    /// Takes a buffer that nobody else holds.
    func giveBack(_ buffer: ByteBuffer) {
        free.withLock { free in
            if free.count < count { free.append(buffer) }
        }
    }
}
