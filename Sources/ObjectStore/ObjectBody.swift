// SPDX-License-Identifier: Apache-2.0

package import Checksums
public import NIOCore

/// An object on its way here: what it is, and its bytes as they arrive.
///
/// A body is read once. Dropping it ends the transfer.
public struct ObjectBody: Sendable {
    /// The whole object's properties, also when only a range was asked for.
    public let info: ObjectInfo
    /// Which bytes of the object follow.
    public let range: Range<Int>
    /// The bytes.
    ///
    /// Ends early by an error, never silently.
    public let bytes: ByteStream
    /// The CRC64NVME of the bytes, where the stream fails at its end unless they have it.
    package var assuredCode: CyclicRedundancyCode?

    /// Joins properties and bytes.
    public init(info: ObjectInfo, range: Range<Int>, bytes: ByteStream) {
        self.info = info
        self.range = range
        self.bytes = bytes
    }

    /// The bytes in one buffer.
    ///
    /// - Parameter limit: The most bytes to hold.
    /// - Returns: All bytes of the range.
    /// - Throws: `ObjectStoreError` of kind `.invalidRequest` when there are more than `limit`.
    public func collect(upTo limit: Int) async throws -> ByteBuffer {
        if range.count > limit {
            throw ObjectStoreError(
                .invalidRequest,
                key: info.key.text,
                message: "\(range.count) bytes are more than the \(limit) expected here"
            )
        }
        var collected = ByteBuffer()
        collected.reserveCapacity(range.count)
        for try await chunk in bytes { collected.writeImmutableBuffer(chunk) }
        return collected
    }
}

/// A sequence of buffers from any source; back-pressure reaches the source.
public struct ByteStream: AsyncSequence, Sendable {
    /// Some of the bytes.
    public typealias Element = ByteBuffer
    /// What reading may throw.
    public typealias Failure = any Error

    private let next: @Sendable () -> () async throws -> ByteBuffer?

    /// Erases a sequence of buffers.
    public init<Source: AsyncSequence & Sendable>(_ source: Source) where Source.Element == ByteBuffer {
        next = {
            var iterator = source.makeAsyncIterator()
            return { try await iterator.next(isolation: #isolation) }
        }
    }

    /// One buffer, already here.
    public init(_ buffer: ByteBuffer) {
        next = {
            var rest: ByteBuffer? = buffer.readableBytes > 0 ? buffer : nil
            return { rest.take() }
        }
    }

    /// Starts reading.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(step: next()) }

    /// Reads the stream from its start.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let step: () async throws -> ByteBuffer?

        /// The next bytes; nil at the end.
        public mutating func next() async throws -> ByteBuffer? { try await step() }
    }
}
