// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How far a transfer is.
public struct TransferProgress: Sendable, Hashable {
    /// Bytes that are there, those of an earlier run included.
    public var completedBytes: Int
    /// All bytes; nil before it is known.
    public var totalBytes: Int?
    /// Bytes a second, over the last seconds.
    public var bytesPerSecond: Double
    /// How long the rest takes at this rate; nil before there is one.
    public var timeLeft: Duration? {
        guard let totalBytes, bytesPerSecond > 0 else { return nil }
        return .seconds(Double(max(0, totalBytes - completedBytes)) / bytesPerSecond)
    }

    /// Describes how far a transfer is.
    public init(completedBytes: Int, totalBytes: Int?, bytesPerSecond: Double) {
        self.completedBytes = completedBytes
        self.totalBytes = totalBytes
        self.bytesPerSecond = bytesPerSecond
    }
}

/// Counts bytes and reports them, ten times a second at most and once at the end.
package final class ProgressMeter: Sendable {
    private struct State {
        var completed = 0
        var total: Int?
        var isFixed = false
        var lastReport: Duration?
        /// Times and byte counts of the last seconds.
        var samples: [(time: Duration, bytes: Int)] = []
    }

    private let report: (@Sendable (TransferProgress) -> Void)?
    private let parent: ProgressMeter?
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// Reports to a closure, or to nobody.
    package init(_ report: (@Sendable (TransferProgress) -> Void)?) {
        self.report = report
        parent = nil
    }

    /// Counts one transfer of several, so that it can be taken back when it begins again.
    package init(partOf parent: ProgressMeter) {
        report = nil
        self.parent = parent
    }

    /// Reports on several transfers together.
    package convenience init(ofAll total: Int, _ report: (@Sendable (TransferProgress) -> Void)?) {
        self.init(report)
        state.withLock { state in
            state.total = total
            state.isFixed = true
        }
    }

    /// Notes the size of one more object, unless that of all is known.
    package func expect(_ total: Int) {
        if let parent { return parent.expect(total) }
        state.withLock { state in if !state.isFixed { state.total = (state.total ?? 0) + total } }
    }

    /// Notes bytes that are there; a negative count takes back what has to be fetched again.
    package func add(_ bytes: Int, isTransferred: Bool = true) {
        if let parent {
            state.withLock { $0.completed += bytes }
            return parent.add(bytes, isTransferred: isTransferred)
        }
        guard let report else { return }
        let now = ContinuousClock.now - start
        let progress = state.withLock { state -> TransferProgress? in
            state.completed += bytes
            if isTransferred { state.samples.append((now, bytes)) }
            let isLast = state.total.map { state.completed >= $0 } ?? false
            if let last = state.lastReport, now - last < .milliseconds(100), !isLast { return nil }
            state.lastReport = now
            return Self.progress(&state, now)
        }
        if let progress { report(progress) }
    }

    /// Takes back what was counted: the transfer begins again from nothing.
    package func takeBack() {
        guard let parent else { return }
        parent.add(-state.withLock { $0.completed }, isTransferred: false)
    }

    private static func progress(_ state: inout State, _ now: Duration) -> TransferProgress {
        state.samples.removeAll { now - $0.time > .seconds(5) }
        let span = max(0.05, (now - (state.samples.first?.time ?? now)).seconds)
        let bytes = state.samples.reduce(0) { $0 + $1.bytes }
        return TransferProgress(
            // For a moment a part may be counted twice: when a slow one is fetched a second time.
            completedBytes: state.total.map { min($0, state.completed) } ?? state.completed,
            totalBytes: state.total,
            bytesPerSecond: Double(max(0, bytes)) / span
        )
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
