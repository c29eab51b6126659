// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a user writes to name an adapter, a model or a data set.
///
/// | written | means |
/// |---|---|
/// | `DIR`, `FILE.safetensors` | something on the local disk |
/// | `s3://BUCKET/PREFIX`, `file:///DIR/PREFIX` | the objects below a prefix, such as a flat view |
/// | `NAME`, `NAME@3`, `NAME@v3`, `NAME@prod`, `NAME@sha256:…` | a version of the registry |
/// | `hf://OWNER/REPO[@REVISION]` | a repository of a model hub |
public enum Reference: Sendable, Hashable, CustomStringConvertible {
    /// A directory or a file.
    case local(path: String)
    /// Objects below a prefix of a bucket.
    case objects(bucket: String, prefix: String)
    /// A version of the registry.
    case named(RegistryName, Selector)
    /// A repository of a model hub.
    case hub(repository: String, revision: String?)

    /// Reads a reference.
    ///
    /// A bare word is a directory if there is one of that name, else a name of the registry.
    ///
    /// - Parameters:
    ///   - text: What the user wrote, without a strength.
    ///   - isLocal: Whether something is at a local path.
    /// - Throws: `RegistryError` of kind `.invalidReference` that lists the forms.
    public init(
        _ text: String,
        isLocal: (String) -> Bool = Reference.isLocalPath
    ) throws(RegistryError) {
        if text.isEmpty || text.utf8.contains(0) { throw Self.invalid(text, "it is empty") }
        if let rest = text.removingPrefix("s3://") {
            self = try Self.bucket(rest, text)
        } else if let rest = text.removingPrefix("hf://") {
            self = try Self.hub(rest, text)
        } else if let rest = text.removingPrefix("file://") {
            guard rest.hasPrefix("/") else { throw Self.invalid(text, "after file:// comes an absolute path") }
            self = .local(path: rest)
        } else if text.contains("://") {
            throw Self.invalid(text, "there is no such scheme; s3://, hf:// and file:// are known")
        } else if Self.looksLikePath(text) || isLocal(text) {
            self = .local(path: text)
        } else {
            self = try Self.name(text)
        }
    }

    /// Whether something is at a path.
    public static func isLocalPath(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// As it is written.
    public var description: String {
        switch self {
        case .local(let path): path
        case .objects(let bucket, let prefix): "s3://\(bucket)/\(prefix)"
        case .named(let name, let selector): selector == .current ? name.text : "\(name)@\(selector)"
        case .hub(let repository, let revision): "hf://\(repository)" + (revision.map { "@" + $0 } ?? "")
        }
    }

    private static func looksLikePath(_ text: String) -> Bool {
        text.hasPrefix("/") || text.hasPrefix(".") || text.hasPrefix("~") || text.hasSuffix("/")
            || text.hasSuffix(".safetensors") || text.contains("/")
    }

    private static func bucket(_ rest: String, _ text: String) throws(RegistryError) -> Reference {
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = parts.first, !bucket.isEmpty else { throw invalid(text, "it names no bucket") }
        var prefix = parts.count > 1 ? String(parts[1]) : ""
        while prefix.hasSuffix("/") { prefix.removeLast() }
        return .objects(bucket: String(bucket), prefix: prefix)
    }

    private static func hub(_ rest: String, _ text: String) throws(RegistryError) -> Reference {
        let parts = rest.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var repository = parts.first ?? ""
        while repository.hasSuffix("/") { repository.removeLast() }
        let words = repository.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = words.allSatisfy { word in
            !word.isEmpty && !word.hasPrefix(".")
                && word.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                        || [45, 46, 95].contains(byte)
                }
        }
        guard words.count == 2, isPlain else { throw invalid(text, "write hf://OWNER/REPO") }
        guard parts.count < 2 || !parts[1].isEmpty else { throw invalid(text, "after '@' comes a revision") }
        return .hub(repository: repository, revision: parts.count > 1 ? parts[1] : nil)
    }

    private static func name(_ text: String) throws(RegistryError) -> Reference {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        do throws(RegistryError) {
            let name = try RegistryName(parts[0])
            return .named(name, parts.count > 1 ? try Selector(parts[1]) : .current)
        } catch {
            throw invalid(text, error.message)
        }
    }

    private static func invalid(_ text: String, _ reason: String) -> RegistryError {
        RegistryError(
            .invalidReference,
            """
            '\(Printable.text(text))' is no reference: \(reason). Write a directory, a .safetensors file, NAME, NAME@v3, \
            NAME@prod, NAME@sha256:…, s3://BUCKET/PREFIX or hf://OWNER/REPO
            """
        )
    }
}

extension String {
    fileprivate func removingPrefix(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
