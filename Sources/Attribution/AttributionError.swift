// SPDX-License-Identifier: Apache-2.0

/// What can go wrong with a study of parts.
package enum AttributionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Points that no distance can be taken of.
    case points(String)
    /// What a configuration says cannot be used, for all these reasons.
    case configuration(source: String, problems: [String])
    /// The data set has no parts to compare.
    case parts(String)
    /// Something finished is of another study than the one that is asked for.
    case stale(unit: String, path: String)
    /// A file of the study cannot be read or written.
    case file(path: String, reason: String)

    /// What is wrong, and the way out.
    package var description: String {
        switch self {
        case .points(let reason), .parts(let reason): return reason
        case .configuration(let source, let problems):
            if problems.count == 1 { return "\(source) cannot be used: \(problems[0])" }
            return "\(source) cannot be used:" + problems.map { "\n  - \($0)" }.joined()
        case .stale(let unit, let path):
            return "\(path) holds '\(unit)' as it was made with other settings, songs or files; "
                + "go back to those, name another 'output', or make it again with --redo"
        case .file(let path, let reason): return "\(path): \(reason)"
        }
    }
}
