// SPDX-License-Identifier: Apache-2.0

import Foundation
package import TrainingData
package import TrainingRuns

/// A thread that touches the pages of visits to come, so that the loop finds them in memory.
///
/// The loop reads mapped files; what could stop it is the disk. Nothing is handed over but positions.
package final class ReadAhead: Sendable {
    /// What the thread and the loop know of each other.
    ///
    /// - Invariant: `position`, `isDone` are touched only while `condition` is locked; hence `@unchecked Sendable`.
    private final class Progress: @unchecked Sendable {
        let condition = NSCondition()
        private var position = 0
        private var isDone = false

        /// Says how far the loop is.
        func advance(to place: Int) {
            condition.withLock {
                position = max(position, place)
                condition.broadcast()
            }
        }

        /// Ends the thread's work.
        func finish() {
            condition.withLock {
                isDone = true
                condition.broadcast()
            }
        }

        /// Waits until the loop is near a place; false if there is nothing to do any more.
        func wait(for place: Int, ahead: Int) -> Bool {
            condition.withLock {
                while !isDone, place > position + ahead { condition.wait() }
                return !isDone
            }
        }
    }

    private let progress = Progress()

    /// Starts to read.
    ///
    /// - Parameters:
    ///   - visits: in the order of the loop.
    ///   - files: the data set's.
    ///   - ahead: how many visits ahead of the loop; 0 reads nothing.
    package init(visits: [DataOrder.Visit], files: [SampleFile], ahead: Int) {
        guard ahead > 0 else { return }
        let progress = progress
        Thread.detachNewThread {
            for (place, visit) in visits.enumerated() {
                guard progress.wait(for: place, ahead: ahead) else { return }
                Self.touch(files[visit.sample], rows: visit.start..<visit.start + visit.frames)
            }
        }
    }

    deinit {
        progress.finish()
    }

    /// Says that the loop has come to a visit.
    ///
    /// - Parameter place: the visit's number in the order.
    package func advance(to place: Int) {
        progress.advance(to: place)
    }

    private static let pageByteCount = 4096

    private static func touch(_ file: SampleFile, rows: Range<Int>) {
        let parts: [(TrainingSample.Key, Range<Int>?)] = [
            (.targetLatents, rows), (.contextLatents, rows), (.encoderHiddenStates, nil),
        ]
        for (key, rows) in parts {
            // Whoever needs the bytes reports what is wrong with them.
            _ = try? unsafe file.withBytes(of: key, rows: rows) { bytes in
                stride(from: 0, to: bytes.count, by: pageByteCount).reduce(UInt8(0)) { unsafe $0 ^ bytes[$1] }
            }
        }
    }
}
