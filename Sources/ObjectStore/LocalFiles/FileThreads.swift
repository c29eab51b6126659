// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import NIOPosix

/// The threads on which files are read and written, so that no thread of Swift's own pool waits for a disk.
package enum FileThreads {
    /// More threads than cores, never stopped.
    ///
    /// They wait for disks most of the time, and flushing several files at once costs hardly more than flushing one.
    private static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 8)
        pool.start()
        return pool
    }()

    /// Runs blocking work on a thread that may block; not ended by cancellation, which must not keep files from being removed.
    package static func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            pool.submit { state in
                switch state {
                case .active: continuation.resume(with: Swift.Result { try work() })
                case .cancelled: continuation.resume(throwing: CancellationError())
                }
            }
        }
    }
}

/// The bytes of a part of a file, read as they are asked for.
package struct FileBytes: AsyncSequence, Sendable {
    /// Some of the bytes.
    package typealias Element = ByteBuffer

    private let file: LocalFile
    private let range: Range<Int>

    /// Bytes of an open file.
    package init(_ file: LocalFile, range: Range<Int>) {
        self.file = file
        self.range = range
    }

    /// Starts at the range's start.
    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(file: file, position: range.lowerBound, end: range.upperBound)
    }

    /// Reads the range, 256 KiB a time.
    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let file: LocalFile
        fileprivate var position: Int
        fileprivate let end: Int

        /// The next bytes; nil at the end of the range.
        package mutating func next() async throws -> ByteBuffer? {
            if position >= end { return nil }
            try Task.checkCancellation()
            let (file, offset, count) = (file, position, Swift.min(256 << 10, end - position))
            let buffer = try await FileThreads.run { try file.read(at: offset, count: count) }
            if buffer.readableBytes < count {
                throw ObjectStoreError(
                    .localFile,
                    operation: "read",
                    key: file.path,
                    message: "the file became shorter meanwhile"
                )
            }
            position += count
            return buffer
        }
    }
}
