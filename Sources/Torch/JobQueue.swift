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

    private struct State {
        var entries: [Entry] = []
        /// Entries before it have been taken; they are dropped together.
        var first = 0
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    func append(_ entry: Entry) {
        state.withLock { $0.entries.append(entry) }
        signal.signal()
    }

    /// Ends the thread: a signal without a job.
    ///
    /// Jobs hold their executor, so none can be waiting any more.
    func stop() {
        signal.signal()
    }

    /// The next job, once there is one; nil after the executor is gone.
    func next() -> Entry? {
        signal.wait()
        return state.withLock { state in
            guard state.first < state.entries.count else { return nil }
            let entry = state.entries[state.first]
            state.first += 1
            if state.first == state.entries.count {
                state.entries.removeAll(keepingCapacity: true)
                state.first = 0
            }
            return entry
        }
    }
}
