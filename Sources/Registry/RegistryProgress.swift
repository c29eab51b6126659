// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How far a transfer is.
public struct RegistryProgress: Sendable, Hashable {
    /// What is under way.
    public enum Phase: String, Sendable, Hashable {
        /// Files are read and checked.
        case preparing
        /// Files go to the store.
        case uploading
        /// Files come from the store.
        case downloading
        /// The flat view is brought up to date.
        case projecting
    }

    /// What is under way.
    public let phase: Phase
    /// The bytes that are through.
    public let byteCount: Int
    /// All bytes of this phase.
    public let totalByteCount: Int

    /// Describes a moment.
    public init(_ phase: Phase, byteCount: Int, totalByteCount: Int) {
        self.phase = phase
        self.byteCount = byteCount
        self.totalByteCount = totalByteCount
    }
}

/// Adds up bytes from several tasks.
final class ByteMeter: Sendable {
    private let phase: RegistryProgress.Phase
    private let total: Int
    private let report: @Sendable (RegistryProgress) -> Void
    private let done = Mutex(0)

    init(_ phase: RegistryProgress.Phase, total: Int, report: @escaping @Sendable (RegistryProgress) -> Void) {
        self.phase = phase
        self.total = total
        self.report = report
        report(RegistryProgress(phase, byteCount: 0, totalByteCount: total))
    }

    func add(_ count: Int) {
        let sum = done.withLock { done in
            done += count
            return done
        }
        report(RegistryProgress(phase, byteCount: sum, totalByteCount: total))
    }
}

/// Work on many things at once, but not on all.
enum Concurrency {
    /// Runs `body` for each element, at most `limit` at a time; the first error ends the rest.
    static func forEach<Element: Sendable>(
        _ elements: [Element],
        limit: Int,
        _ body: @escaping @Sendable (Element) async throws -> Void
    ) async throws {
        _ = try await map(elements, limit: limit, body)
    }

    /// Runs `body` for each element, at most `limit` at a time.
    ///
    /// - Returns: The results in the elements' order.
    static func map<Element: Sendable, Result: Sendable>(
        _ elements: [Element],
        limit: Int,
        _ body: @escaping @Sendable (Element) async throws -> Result
    ) async throws -> [Result] {
        if limit <= 1 || elements.count <= 1 {
            var results: [Result] = []
            for element in elements { results.append(try await body(element)) }
            return results
        }
        return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var results = [Result?](repeating: nil, count: elements.count)
            var next = 0
            func startOne() {
                let index = next
                let element = elements[index]
                group.addTask { (index, try await body(element)) }
                next += 1
            }
            while next < min(limit, elements.count) { startOne() }
            while let (index, result) = try await group.next() {
                results[index] = result
                if next < elements.count { startOne() }
            }
            return results.compactMap { $0 }
        }
    }
}
