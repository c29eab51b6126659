// SPDX-License-Identifier: Apache-2.0

package import Foundation
import Synchronization

/// Keeps credentials until shortly before they end, and lets one caller at a time fetch new ones.
///
/// Callers that come while a fetch is under way wait for it, unless they can go on with what is still valid. A failed
/// fetch does not matter as long as the old credentials hold.
package final class CredentialCache: Sendable {
    private struct State {
        var credentials: Credentials?
        var isFetching = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private enum Turn {
        case use(Credentials)
        case fetch(fallback: Credentials?)
        case wait
    }

    /// Credentials are renewed so long before they end, earlier by up to a minute at random so that a fleet does not ask at once.
    private static let renewal: TimeInterval = 300

    private let provider: any CredentialProvider
    private let now: @Sendable () -> Date
    private let jitter = TimeInterval.random(in: 0...60)
    private let state = Mutex(State())

    /// Asks `provider` when there is need.
    package init(_ provider: any CredentialProvider, now: @escaping @Sendable () -> Date = { Date() }) {
        self.provider = provider
        self.now = now
    }

    /// Credentials that hold now.
    package func current() async throws -> Credentials {
        while true {
            switch turn() {
            case .use(let credentials): return credentials
            case .fetch(let fallback): return try await fetch(fallback)
            case .wait: try await waitForFetch()
            }
        }
    }

    /// Forgets credentials that a server called expired.
    package func discard(_ used: Credentials) {
        state.withLock { if $0.credentials == used { $0.credentials = nil } }
    }

    private func turn() -> Turn {
        let time = now()
        return state.withLock { state in
            let held = state.credentials.flatMap { $0.holds(at: time) ? $0 : nil }
            if let held, held.holds(at: time.addingTimeInterval(Self.renewal + jitter)) { return .use(held) }
            if state.isFetching { return held.map(Turn.use) ?? .wait }
            state.isFetching = true
            return .fetch(fallback: held)
        }
    }

    private func fetch(_ fallback: Credentials?) async throws -> Credentials {
        defer { finish() }
        do {
            guard let found = try await provider.credentials() else {
                throw ObjectStoreError(
                    .invalidCredentials,
                    message: "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile"
                )
            }
            state.withLock { $0.credentials = found }
            return found
        } catch {
            guard let fallback, !(error is CancellationError) else { throw error }
            return fallback
        }
    }

    private func finish() {
        let waiting = state.withLock { state in
            state.isFetching = false
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume() }
    }

    private func waitForFetch() async throws {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if !state.isFetching || Task.isCancelled { return true }
                    state.waiting[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
        try Task.checkCancellation()
    }
}

extension Credentials {
    fileprivate func holds(at time: Date) -> Bool { expiration.map { $0 > time } ?? true }
}
