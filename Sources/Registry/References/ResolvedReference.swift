// SPDX-License-Identifier: Apache-2.0

/// What a reference turned out to be, on the local disk: which version, which bytes.
public struct ResolvedReference: Sendable, Hashable, Encodable {
    /// What was written.
    public let reference: String
    /// What it is called: the registry's name, or the last component of the path.
    public let name: String
    /// The directory or file to read.
    public let path: String
    /// The registry's version.
    public var version: Int?
    /// The digest of the files, `sha256:…`; nil for local paths, whose files are the user's.
    public var digest: String?
    /// Where it came from: `s3://bucket/lora-registry/…`.
    public var source: String?
    /// Aliases of the version.
    public var aliases: [String] = []
    /// Whether the store could not be reached and the last known state was used.
    public var isOffline = false
    /// Sentences for the user.
    public var warnings: [String] = []

    init(reference: Reference, name: String, path: String) {
        self.reference = reference.description
        self.name = name
        self.path = path
    }
}
