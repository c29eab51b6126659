// SPDX-License-Identifier: Apache-2.0

/// A place where credentials may be found.
public protocol CredentialProvider: Sendable {
    /// What the place is called, for messages.
    var name: String { get }

    /// Looks for credentials.
    ///
    /// - Returns: nil when the place is not set up, so that the next one is asked.
    /// - Throws: When it is set up and does not work.
    func credentials() async throws -> Credentials?
}

/// Credentials that somebody gave.
public struct StaticCredentials: CredentialProvider {
    private let given: Credentials

    /// Takes credentials as they are.
    public init(_ credentials: Credentials) { given = credentials }

    /// `given`.
    public var name: String { "given" }

    /// What was given.
    public func credentials() async throws -> Credentials? { given }
}
