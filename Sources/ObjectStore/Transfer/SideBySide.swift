// SPDX-License-Identifier: Apache-2.0

/// Work on many files, some of them at once.
enum SideBySide {
    /// Does one thing after the other, `limit` at once.
    ///
    /// After a failure nothing new is begun, but what is under way goes on to its own end: gigabytes of another file that
    /// are on their way are not to be thrown away. Cancellation ends all.
    ///
    /// - Parameters:
    ///   - items: What there is to do.
    ///   - limit: How many at once.
    ///   - executors: Where they run, by turns; without any, wherever there is room.
    ///   - body: Does one.
    /// - Returns: The results, in no order.
    /// - Throws: The first failure.
    static func run<Item: Sendable, Result: Sendable>(
        _ items: [Item],
        limit: Int,
        on executors: [any TaskExecutor] = [],
        _ body: @escaping @Sendable (Item) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: Result.self) { group in
            var (results, failure) = ([Result](), (any Error)?.none)
            func take(_ outcome: Swift.Result<Result, any Error>) {
                switch outcome {
                case .success(let result): results.append(result)
                case .failure(let error): failure = failure ?? error
                }
            }
            for (index, item) in items.enumerated() {
                if index >= limit, let outcome = await group.nextResult() { take(outcome) }
                if failure != nil { break }
                let executor = executors.isEmpty ? nil : executors[index % executors.count]
                group.addTask(executorPreference: executor) { try await body(item) }
            }
            while let outcome = await group.nextResult() { take(outcome) }
            if let failure { throw failure }
            return results
        }
    }
}
