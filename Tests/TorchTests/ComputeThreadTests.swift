// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

/// An actor as the engine's will be: its state, tensors included, lives on one thread.
private actor Worker {
    private let thread: ComputeThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }
    private var total: Tensor?

    init(thread: ComputeThread) {
        self.thread = thread
    }

    func add(_ number: Double) throws -> Bool {
        let term = try Tensor.full([1], number, dtype: .float64)
        total = try total.map { try $0 + term } ?? term
        return thread.isCurrent
    }

    func sum() throws -> Double { try total?.item() ?? 0 }

    func gradients() throws -> (outside: Bool, inside: Bool, after: Bool) {
        let outside = try gradientsAreEnabled
        let inside = try withGradients { try gradientsAreEnabled }
        return (outside, inside, try gradientsAreEnabled)
    }

    /// A recursion whose frames take about 8 MB together.
    func deep() -> Int {
        func descend(_ level: Int) -> Int {
            guard level > 0 else { return 0 }
            return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 900) { buffer in
                unsafe buffer.initialize(repeating: UInt8(level & 1))
                let own = unsafe Int(buffer[450])
                return descend(level - 1) + own
            }
        }
        return descend(8000)
    }
}

@Suite("The compute thread")
struct ComputeThreadTests {
    @Test("All jobs of an actor run on its thread, one after the other, whoever sends them")
    func oneThread() async throws {
        let thread = ComputeThread(name: "compute-test-with-a-long-name")
        let worker = Worker(thread: thread)
        #expect(!thread.isCurrent)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 1...100 {
                group.addTask { try await worker.add(Double(number)) }
            }
            for try await isOnThread in group {
                #expect(isOnThread)
            }
        }
        #expect(try await worker.sum() == 5050)
    }

    @Test("Gradients are off unless asked for")
    func gradientsOff() async throws {
        let worker = Worker(thread: ComputeThread(name: "gradients"))
        let modes = try await worker.gradients()
        #expect(modes == (false, true, false))
    }

    @Test("Gradients are off in the very job that opens libtorch")
    func gradientsOffAtFirst() async {
        await #expect(processExitsWith: .success) {
            let worker = Worker(thread: ComputeThread(name: "first"))
            #expect(!TorchRuntime.isLoaded)
            let modes = try await worker.gradients()
            #expect(modes == (false, true, false))
        }
    }

    @Test("The stack holds what a main thread's would not")
    func stack() async {
        let worker = Worker(thread: ComputeThread(name: "deep"))
        #expect(await worker.deep() == 4000)
    }

    @Test("The thread ends with its executor, and the actor's tensors are freed")
    func end() async {
        await #expect(processExitsWith: .success) {
            try TorchRuntime.load()
            weak var ended: ComputeThread?
            do {
                let thread = ComputeThread(name: "short")
                ended = thread
                let worker = Worker(thread: thread)
                _ = try await worker.add(1)
            }
            // The thread lets go of its last job a moment after the caller has its answer.
            for _ in 0..<1000 where ended != nil {
                await Task.yield()
                try await Task.sleep(for: .milliseconds(1))
            }
            #expect(ended == nil)
            #expect(TorchRuntime.liveTensorCount == 0)
        }
    }
}
