// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore
import Synchronization

/// Hashes a download in the order of its bytes while its parts arrive in any order.
///
/// Whenever the beginning has grown, one of the workers reads the new bytes back (they are in the page cache) and hashes
/// them; so the hash is ready with the last byte.
final class OrderedHash: Sendable {
    private struct State {
        var hash = SHA256()
        var nextPart = 0
        var isBusy = false
    }

    private let state = Mutex(State())
    private let destination: any TransferDestination
    private let isDone: @Sendable (Int) -> Bool
    private let range: @Sendable (Int) -> Range<Int>?

    init(
        _ destination: any TransferDestination,
        isDone: @escaping @Sendable (Int) -> Bool,
        range: @escaping @Sendable (Int) -> Range<Int>?
    ) {
        self.destination = destination
        self.isDone = isDone
        self.range = range
    }

    /// Hashes as far as the parts go, unless another worker is at it.
    func advance() async throws {
        while let part = claim() {
            let hash = state.withLock(\.hash)
            do {
                release(try await hashed(part, hash))
            } catch {
                release(nil)
                throw error
            }
        }
    }

    /// The hash of the bytes so far, in hexadecimal digits.
    var digest: String { Hexadecimal.encode(state.withLock { $0.hash.finalize() }) }

    private func claim() -> Int? {
        state.withLock { state in
            guard !state.isBusy, range(state.nextPart) != nil, isDone(state.nextPart) else { return nil }
            state.isBusy = true
            return state.nextPart
        }
    }

    private func hashed(_ part: Int, _ start: SHA256) async throws -> SHA256 {
        guard let range = range(part) else { return start }
        var (hash, offset) = (start, range.lowerBound)
        while offset < range.upperBound {
            let bytes = try await destination.read(at: offset, count: min(1 << 20, range.upperBound - offset))
            unsafe bytes.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
            offset += max(1, bytes.readableBytes)
        }
        return hash
    }

    private func release(_ hash: SHA256?) {
        state.withLock { state in
            state.isBusy = false
            guard let hash else { return }
            state.hash = hash
            state.nextPart += 1
        }
    }
}
