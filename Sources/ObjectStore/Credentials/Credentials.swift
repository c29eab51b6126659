// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Keys that sign requests.
///
/// The secret parts never appear in a description.
public struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    /// The public half of the key.
    public let accessKeyID: String
    /// The secret half of the key.
    public let secretAccessKey: String
    /// Goes with temporary keys.
    public let sessionToken: String?
    /// When temporary keys end.
    public let expiration: Date?

    /// Takes keys from anywhere.
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: Date? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
    }

    /// The first four characters of the key's public half.
    public var description: String { "credentials \(accessKeyID.prefix(4))…" }

    /// The first four characters of the key's public half.
    public var debugDescription: String { description }

    /// Nothing: `dump` must not show the secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
