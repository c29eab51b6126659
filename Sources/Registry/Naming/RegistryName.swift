// SPDX-License-Identifier: Apache-2.0

/// A name that can be a folder on every store and file system, checked once where it enters.
///
/// Whether it follows the users' convention is `NameConvention`'s to say, and matters only when a name is new.
public struct RegistryName: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// The most bytes of a name.
    public static let maximumByteCount = 100

    /// The name itself.
    public let text: String

    /// Checks a name.
    ///
    /// - Throws: `RegistryError` of kind `.invalidName` unless it is 1 to 100 of `A–Z a–z 0–9 . _ -`, starting with a
    ///   letter or digit.
    public init(_ text: String) throws(RegistryError) {
        if let fault = Self.fault(of: text) {
            throw RegistryError(.invalidName, "'\(Printable.text(text))' cannot be a name: \(fault)")
        }
        self.text = text
    }

    /// Decodes and checks.
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes the text alone.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The name itself.
    public var description: String { text }

    /// The order of the bytes.
    public static func < (left: RegistryName, right: RegistryName) -> Bool { left.text < right.text }

    private static func fault(of text: String) -> String? {
        if text.isEmpty { return "it is empty" }
        if text.utf8.count > maximumByteCount { return "it has more than \(maximumByteCount) bytes" }
        for scalar in text.unicodeScalars where !isAllowed(scalar) {
            return "use letters, digits, '-', '_' and '.' only (found \(Printable.scalar(scalar)))"
        }
        guard let first = text.unicodeScalars.first, first != ".", first != "-", first != "_" else {
            return "start with a letter or a digit"
        }
        if text.hasSuffix(".") || text.contains("..") { return "it has dots that mean something to file systems" }
        if text.hasSuffix(".safetensors") { return "a name is no file; leave '.safetensors' out" }
        return nil
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
        default: false
        }
    }
}

/// Text of strangers in a form that cannot forge a line of a log or of a terminal.
package enum Printable {
    /// The text without control characters and cut to 120 characters.
    package static func text(_ text: String) -> String {
        text.unicodeScalars.count > 120 ? line(String(text.unicodeScalars.prefix(120))) + "…" : line(text)
    }

    /// The text without what could forge a line or steer a terminal, at its full length.
    package static func line(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(isHarmless(scalar) ? scalar : "\u{FFFD}") }
        return String(scalars)
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        let isDirection = (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
        return !isControl && !isDirection && scalar.value != 0x2028 && scalar.value != 0x2029
    }

    static func scalar(_ scalar: Unicode.Scalar) -> String {
        scalar.value < 0x20 || scalar.value >= 0x7F
            ? "U+" + String(scalar.value, radix: 16, uppercase: true) : "'\(scalar)'"
    }
}
