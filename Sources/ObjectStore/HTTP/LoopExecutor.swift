// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Runs a task on the thread that serves its connections.
///
/// A request of a few kilobytes goes back and forth between its task and its connection half a dozen times. Where both have one
/// thread, none of these wakes another one, which costs more than what is done in between. All connections of the thread wait for
/// what is computed here: files are read and written elsewhere.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
