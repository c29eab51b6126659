// SPDX-License-Identifier: Apache-2.0

/// The name of an object in a store, checked once where it enters.
///
/// S3 allows almost any bytes; local directories and careless tools do not. A key that would escape a directory or
/// read differently elsewhere is refused, so that no store has to look again. Nothing is normalised: `a//b` stays
/// `a//b` (a store that cannot hold it says so).
public struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// S3's limit, in bytes of UTF-8.
    public static let maximumByteCount = 1024

    /// The key as it goes to the store.
    public let text: String

    /// Checks a key.
    ///
    /// - Parameter text: The key, without a leading `/`.
    /// - Throws: `ObjectStoreError` of kind `.invalidKey` when it is empty, longer than 1,024 bytes, starts with `/`,
    ///   has a component `.` or `..`, a backslash, NUL or another control character.
    public init(_ text: String) throws(ObjectStoreError) {
        if let reason = Self.fault(of: text) {
            throw ObjectStoreError(.invalidKey, key: String(text.prefix(200)), message: reason)
        }
        self.text = text
    }

    /// This key with one more path component, or several.
    ///
    /// - Throws: `ObjectStoreError` of kind `.invalidKey` when the result is no valid key.
    public func appending(_ suffix: String) throws(ObjectStoreError) -> ObjectKey {
        try ObjectKey(text.utf8.last == UInt8(ascii: "/") ? text + suffix : text + "/" + suffix)
    }

    /// What follows the last `/`, the whole key if there is none.
    public var lastComponent: String {
        let tail = text.utf8.lastIndex(of: UInt8(ascii: "/")).map { text.utf8.index(after: $0) } ?? text.utf8.startIndex
        return String(text[tail...])
    }

    /// The path components, empty ones included.
    public var components: [Substring] {
        text.split(separator: "/", omittingEmptySubsequences: false)
    }

    /// The key itself.
    public var description: String { text }

    /// S3's order: that of the UTF-8 bytes.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Equality of bytes; Swift's own would call two Unicode normal forms equal, S3 does not.
    public static func == (left: ObjectKey, right: ObjectKey) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the bytes, as `==` compares them.
    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }

    /// Finds keys that a case-insensitive file system would put into one file.
    ///
    /// - Parameter keys: The keys that are to become files beside each other.
    /// - Returns: The first two that collide; nil when none do.
    public static func caseCollision(in keys: some Sequence<ObjectKey>) -> (ObjectKey, ObjectKey)? {
        var seen: [String: ObjectKey] = [:]
        for key in keys {
            if let other = seen.updateValue(key, forKey: key.text.lowercased()), other != key { return (other, key) }
        }
        return nil
    }

    private static func fault(of text: String) -> String? {
        if text.isEmpty { return "a key cannot be empty" }
        let byteCount = text.utf8.count
        if byteCount > maximumByteCount { return "a key has at most \(maximumByteCount) bytes, this one \(byteCount)" }
        if text.utf8.first == UInt8(ascii: "/") { return "a key does not start with '/'; leave it out" }
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\\") { return "a key has no backslash; separate components with '/'" }
            if byte == 0 { return "a key has no NUL byte" }
            if byte < 0x20 || byte == 0x7F { return "a key has no control characters (found byte \(byte))" }
        }
        for component in text.split(separator: "/") where component == "." || component == ".." {
            return "'\(component)' is not allowed as a component of a key"
        }
        return nil
    }
}
