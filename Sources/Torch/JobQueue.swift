// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization

/// The jobs that wait for a compute thread.
final class JobQueue: Sendable {
    /// A job and the executor it was given to, which must outlive the job.
    struct Entry: Sendable {
        let job: UnownedJob
        let executor: ComputeThread
    }

    /// What a compute thread does next.
    enum Work {
        /// A job of an actor.
        case job(Entry)
        /// Something short that may also run in the middle of a job.
        case interjection(@Sendable () -> Void)
    }

    fileprivate struct State {
        var entries: [Entry] = []
        /// Entries before it have been taken; they are dropped together.
        var first = 0
        var interjections: [@Sendable () -> Void] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    func append(_ entry: Entry) {
        state.withLock { $0.entries.append(entry) }
        signal.signal()
    }

    func append(interjection: @escaping @Sendable () -> Void) {
        state.withLock { $0.interjections.append(interjection) }
        signal.signal()
    }

    /// The interjections that wait; their signals stay behind and find nothing.
    func takeInterjections() -> [@Sendable () -> Void] {
        state.withLock { state in
            defer { state.interjections = [] }
            return state.interjections
        }
    }

    /// Ends the thread.
    ///
    /// Jobs hold their executor, so none can be waiting any more.
    func stop() {
        state.withLock { $0.isStopped = true }
        signal.signal()
    }

    /// What comes next, once there is something; nil after the executor is gone.
    func next() -> Work? {
        while true {
            signal.wait()
            let (work, isStopped) = state.withLock { ($0.take(), $0.isStopped) }
            if let work { return work }
            if isStopped { return nil }
        }
    }
}

extension JobQueue.State {
    /// The next interjection, else the next job.
    fileprivate mutating func take() -> JobQueue.Work? {
        if !interjections.isEmpty { return .interjection(interjections.removeFirst()) }
        guard first < entries.count else { return nil }
        let entry = entries[first]
        first += 1
        if first == entries.count {
            entries.removeAll(keepingCapacity: true)
            first = 0
        }
        return .job(entry)
    }
}
