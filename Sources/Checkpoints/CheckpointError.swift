// SPDX-License-Identifier: Apache-2.0

/// Why a checkpoint could not be read or written.
///
/// The message names the file, the tensor where there is one, the rule that was broken and, where there is one, the way
/// out. Text that came out of a file is shortened and its control characters are escaped, so that a hostile name can
/// neither flood a log nor forge lines in it.
public struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What sort of failure it is, for callers that answer differently to each.
    public enum Kind: Sendable, Hashable {
        /// The file or directory does not exist, or is a symbolic link to nothing.
        case missing
        /// The path leads to a directory, a pipe, a device or a link that may not be followed.
        case notRegularFile
        /// The operating system refused to open, read or map the file.
        case unreadable
        /// The bytes break a rule of the format.
        case malformed
        /// The file is well formed, but uses something that this reader deliberately refuses.
        case unsupported
        /// No tensor of that name is in the file.
        case tensorMissing
        /// What the caller asked to be written is not a valid checkpoint.
        case invalidRequest
        /// The operating system refused to create, write or rename the file.
        case unwritable
    }

    /// What sort of failure it is.
    public let kind: Kind
    /// The path of the file, as the caller gave it.
    public let path: String
    /// The tensor concerned, if the failure is about one.
    public let tensor: String?
    /// The rule that was broken, or the operating system's reason.
    public let reason: String

    /// Describes a failure.
    package init(_ kind: Kind, path: String, tensor: String? = nil, reason: String) {
        self.kind = kind
        self.path = path
        self.tensor = tensor
        self.reason = reason
    }

    /// One sentence that names the file, the tensor and the rule.
    public var description: String {
        let verb = kind == .unwritable || kind == .invalidRequest ? "write" : "read"
        let subject = tensor.map { ": tensor \(Self.quoted($0))" } ?? ""
        return "cannot \(verb) \(Self.quoted(path, limit: 1024))\(subject): \(reason)"
    }

    /// The same failure, said of one tensor.
    package func about(tensor: String) -> CheckpointError {
        CheckpointError(kind, path: path, tensor: tensor, reason: reason)
    }

    /// Foreign text made fit for a message: in quotes, control characters escaped, at most `limit` scalars.
    package static func quoted(_ text: String, limit: Int = 120) -> String {
        var result = "'"
        for (count, scalar) in text.unicodeScalars.enumerated() {
            if count == limit {
                result += "…"
                break
            }
            result += scalar.properties.generalCategory.isInvisible ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return result + "'"
    }
}

extension Unicode.GeneralCategory {
    /// Whether scalars of this category can hide or rearrange the text around them.
    fileprivate var isInvisible: Bool {
        switch self {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
        default: false
        }
    }
}
