// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import ObjectStore
import Synchronization

/// A store whose reads break, lie or change in a way that a seed fixes; writes pass through.
package final class FaultyStore: ForwardingStore {
    /// What may happen to a read.
    package enum Fault: Sendable, CaseIterable {
        /// The server asks to slow down.
        case throttled
        /// The connection breaks after some of the bytes.
        case broken
        /// The body ends early without a failure.
        case short
        /// A byte is another one.
        case wrongByte
        /// The tag is another one.
        case otherTag
        /// Nothing comes for a while.
        case slow
    }

    private struct State {
        var random: SplitMix
        var left: Int
        var spared: Int
        var getCount = 0
    }

    /// The wrapped store.
    package let base: any ObjectStore
    private let faults: [Fault]
    private let probability: Double
    private let state: Mutex<State>

    /// Wraps a store.
    ///
    /// - Parameters:
    ///   - base: The store.
    ///   - faults: What may happen.
    ///   - seed: Fixes what happens when.
    ///   - probability: How often, from 0 to 1.
    ///   - count: How often at most.
    ///   - spared: How many reads are left alone first.
    package init(
        _ base: any ObjectStore,
        _ faults: [Fault],
        seed: UInt64,
        probability: Double = 0.5,
        count: Int = 20,
        spared: Int = 0
    ) {
        self.base = base
        self.faults = faults
        self.probability = probability
        state = Mutex(State(random: SplitMix(seed: seed), left: count, spared: spared))
    }

    /// How many reads there were.
    package var getCount: Int { state.withLock(\.getCount) }

    /// Reads an object, perhaps badly.
    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        let fault = state.withLock { state -> (Fault, Double)? in
            state.getCount += 1
            guard state.getCount > state.spared, state.left > 0, state.random.unit() < probability else { return nil }
            state.left -= 1
            return (faults[Int(state.random.unit() * Double(faults.count)) % faults.count], state.random.unit())
        }
        guard let (fault, place) = fault else { return try await base.get(key, options) }
        let body = try await base.get(key, options)
        let bytes = try await body.collect(upTo: 1 << 30)
        let cut = Int(place * Double(max(0, bytes.readableBytes - 1)))
        switch fault {
        case .throttled: throw ObjectStoreError(.throttled, message: "slow down")
        case .slow:
            try await Task.sleep(for: .milliseconds(30))
            return ObjectBody(info: body.info, range: body.range, bytes: ByteStream(bytes))
        case .broken, .short:
            let stream = Broken(
                bytes: bytes.getSlice(at: bytes.readerIndex, length: cut) ?? ByteBuffer(),
                throwing: fault == .broken
            )
            return ObjectBody(info: body.info, range: body.range, bytes: ByteStream(stream))
        case .wrongByte:
            var wrong = bytes
            if let byte = bytes.getInteger(at: bytes.readerIndex + cut, as: UInt8.self) {
                wrong.setInteger(byte ^ 0x40, at: bytes.readerIndex + cut)
            }
            return ObjectBody(info: body.info, range: body.range, bytes: ByteStream(wrong))
        case .otherTag:
            var info = body.info
            info.etag = ETag("\"other\"")
            return ObjectBody(info: info, range: body.range, bytes: ByteStream(bytes))
        }
    }

    private struct Broken: AsyncSequence, Sendable {
        typealias Element = ByteBuffer
        let bytes: ByteBuffer
        let throwing: Bool

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: bytes, throwing: throwing) }

        struct AsyncIterator: AsyncIteratorProtocol {
            var rest: ByteBuffer?
            let throwing: Bool

            mutating func next() async throws -> ByteBuffer? {
                if let bytes = rest.take() { return bytes }
                if throwing { throw ObjectStoreError(.connectionFailed, message: "reset") }
                return nil
            }
        }
    }
}

/// A small generator with a seed (SplitMix64).
package struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts at a seed.
    package init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A number from 0 to 1.
    package mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
