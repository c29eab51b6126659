// SPDX-License-Identifier: Apache-2.0
import CTorchTable

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One operating-system thread that runs an actor's jobs in order.
///
/// Grad mode, autocast, the current CUDA stream and OpenMP's team of workers belong to a thread, so whatever uses
/// tensors stays on one. Gradients are off here unless `withGradients` turns them on. An actor uses it so:
/// `nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }`.
public final class ComputeThread: SerialExecutor {
    private let queue = JobQueue()

    /// Starts the thread.
    ///
    /// Its stack is 16 MB: a backward pass recurses deeper than the usual 8 MB of a main thread.
    ///
    /// - Parameter name: what `top -H` shows; Linux keeps 15 bytes of it.
    public init(name: String) {
        Self.start(queue, name: name)
    }

    deinit {
        queue.stop()
    }

    /// Takes over a job of the actor's; called by Swift's runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        queue.append(JobQueue.Entry(job: UnownedJob(job), executor: self))
    }

    /// Runs something short on this thread soon: at once when it is idle, else when the running job next calls
    /// ``runInterjections()``, or ends.
    ///
    /// For what must not wait for minutes of work, such as making an adapter resident; it must not touch what a running
    /// job relies on.
    public func interject(_ body: @escaping @Sendable () -> Void) {
        queue.append(interjection: body)
    }

    /// Lets interjections run now, in the middle of a job; called on this thread, between steps.
    public func runInterjections() {
        for body in queue.takeInterjections() { body() }
    }

    /// Traps unless called on this thread; behind `assumeIsolated`.
    public func checkIsolated() {
        precondition(isCurrent, "not on the compute thread")
    }

    /// Whether the caller is on this thread.
    public var isCurrent: Bool {
        unsafe pthread_getspecific(Self.current) == UnsafeMutableRawPointer(Unmanaged.passUnretained(queue).toOpaque())
    }

    /// Which queue the calling thread serves, if any.
    private static let current: pthread_key_t = {
        var key = pthread_key_t()
        let code = unsafe pthread_key_create(&key, nil)
        precondition(code == 0, "the process has used up its thread-specific keys")
        return key
    }()

    private static func start(_ queue: JobQueue, name: String) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, 16 << 20)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let argument = unsafe Unmanaged.passRetained(Start(queue: queue, name: name)).toOpaque()
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        let code = unsafe pthread_create(&thread, &attributes, { unsafe ComputeThread.main($0) }, argument)
        precondition(code == 0, "cannot start a thread: error \(code)")
    }

    private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument = unsafe argument else { return nil }
        let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        unsafe ct_name_thread(start.name)
        unsafe pthread_setspecific(current, Unmanaged.passUnretained(start.queue).toOpaque())
        var isConfigured = false
        while let work = start.queue.next() {
            if !isConfigured, let library = Library.ifLoaded {
                configure(library)
                isConfigured = true
            }
            switch work {
            case .job(let entry): unsafe entry.job.runSynchronously(on: entry.executor.asUnownedSerialExecutor())
            case .interjection(let body): body()
            }
        }
        return nil
    }

    /// The job that opens libtorch is already running when it becomes possible to turn gradients off for its thread.
    static func libraryDidLoad(_ library: Library) {
        guard unsafe pthread_getspecific(current) != nil else { return }
        configure(library)
    }

    private static func configure(_ library: Library) {
        unsafe library.table.pointee.setGradientsEnabled(false)
    }

    private final class Start: Sendable {
        let queue: JobQueue
        let name: String

        init(queue: JobQueue, name: String) {
            self.queue = queue
            self.name = name
        }
    }
}
