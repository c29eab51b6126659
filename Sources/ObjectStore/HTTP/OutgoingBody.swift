// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import Synchronization

/// A request's body, handed over piece by piece, so that a slow connection is told from one that stands still.
package final class OutgoingBody: AsyncSequence, Sendable {
    /// The bytes of a piece.
    package static let pieceSize = 512 << 10

    /// Some of the bytes.
    package typealias Element = ByteBuffer

    private struct State {
        var lastTaken = ContinuousClock.now
        var isTaken = false
    }

    private let body: RequestBody
    private let settle: @Sendable () async throws -> Void
    private let state = Mutex(State())

    /// Takes the whole body.
    ///
    /// - Parameters:
    ///   - body: The bytes.
    ///   - settle: Waits until the connections have looked at the piece before. Without it a quick reader would pile the
    ///     whole body up in memory before the first "not now" arrives from a connection.
    package init(_ body: RequestBody, settle: @escaping @Sendable () async throws -> Void = {}) {
        self.body = body
        self.settle = settle
    }

    /// Waits until the connection has taken the last piece.
    ///
    /// - Parameter silence: How long the connection may take nothing.
    /// - Throws: `.timedOut` when it took nothing for longer.
    package func watch(_ silence: Duration) async throws {
        while true {
            let (last, isTaken) = state.withLock { ($0.lastTaken, $0.isTaken) }
            if isTaken { return }
            let left = silence - (ContinuousClock.now - last)
            if left <= .zero {
                throw ObjectStoreError(.timedOut, message: "the server stopped taking the request's bytes")
            }
            // Until silence would be too long at the earliest; every piece taken meanwhile moves that moment on.
            try await Task.sleep(for: left)
        }
    }

    /// Starts at the first piece.
    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(outgoing: self, left: body.count) }

    /// Cuts the body up.
    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let outgoing: OutgoingBody
        fileprivate var left: Int

        /// The next piece; nil after the last.
        package mutating func next() async throws -> ByteBuffer? {
            if left < outgoing.body.count { try await outgoing.settle() }
            let count = Swift.min(OutgoingBody.pieceSize, left)
            // Asked for more than there is, the connection has taken the piece before, and so all.
            outgoing.state.withLock { state in
                state.lastTaken = .now
                state.isTaken = count == 0
            }
            if count == 0 { return nil }
            let start = outgoing.body.count - left
            left -= count
            switch outgoing.body {
            case .bytes(let bytes): return bytes.getSlice(at: bytes.readerIndex + start, length: count)
            case .file(let slice):
                let first = slice.range.lowerBound + start
                return try await FileSlice(slice.file, first..<first + count).bytes()
            }
        }
    }
}
