// SPDX-License-Identifier: Apache-2.0

/// Why a `tokenizer.json` could not be used.
///
/// The description names the file, the place in it and the way out.
public enum TokenizerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file could not be opened or read, or is too large to be a tokenizer.
    case cannotRead(path: String, reason: String)
    /// The bytes are not strict JSON (RFC 8259); `offset` is the byte where that shows.
    case invalidJSON(path: String, offset: Int, problem: String)
    /// A field is missing, has the wrong type, or contradicts another.
    case invalidField(path: String, field: String, problem: String)
    /// The file asks for a step that this module does not have.
    case unsupported(path: String, field: String, found: String, supported: String)

    /// One sentence for the person who chose the file.
    public var description: String {
        switch self {
        case .cannotRead(let path, let reason):
            "cannot read the tokenizer '\(path)': \(reason)"
        case .invalidJSON(let path, let offset, let problem):
            "'\(path)' is not valid JSON at byte \(offset): \(problem); copy tokenizer.json from the model again"
        case .invalidField(let path, let field, let problem):
            "'\(path)': '\(field)' \(problem); copy tokenizer.json from the model again"
        case .unsupported(let path, let field, let found, let supported):
            "'\(path)': '\(field)' is \(found), which this program cannot follow exactly; it can follow \(supported)"
        }
    }
}
