// SPDX-License-Identifier: Apache-2.0

/// Why the registry could not do what was asked: one kind to decide by, and a sentence with the way out.
public struct RegistryError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, for code that has to decide.
    public enum Kind: String, Sendable, Hashable {
        /// The name breaks the convention or cannot be a folder.
        case invalidName
        /// The text is no reference.
        case invalidReference
        /// No such name, version, alias or file.
        case notFound
        /// The state is not what the caller expected; nothing was changed.
        case conflict
        /// The directory cannot be published as it is.
        case invalidAdapter
        /// The log's chain of hashes is broken: entries were replaced, or two histories exist.
        case forked
        /// An object of the registry does not say what it must.
        case malformed
        /// Bytes are not those that the log promises.
        case corrupted
        /// A signature is missing, of an unknown key, or wrong.
        case signature
        /// The version was retired and its files may be gone.
        case retired
        /// The store cannot do what concurrent use needs.
        case unsupported
        /// The attempt took too long to be committed safely.
        case expired
        /// The store is not reachable and the local cache does not have it.
        case offline
        /// A local file or directory could not be used.
        case local
    }

    /// What went wrong, for code that has to decide.
    public let kind: Kind
    /// What happened and what to do about it.
    public let message: String

    /// Describes a failure.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The sentence.
    public var description: String { message }
}
