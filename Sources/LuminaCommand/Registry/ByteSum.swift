// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import Synchronization

/// Adds up the progress of files that are transferred at the same time and are told apart by their sizes' order only.
final class ByteSum: Sendable {
    private let largest = Mutex<[Int: Int]>([:])

    /// - Returns: The bytes of all files so far.
    func update(_ progress: TransferProgress) -> Int {
        largest.withLock { known in
            let file = progress.totalBytes ?? -1
            known[file] = max(known[file] ?? 0, progress.completedBytes)
            return known.values.reduce(0, +)
        }
    }
}
