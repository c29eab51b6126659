// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a run's settings, files or state.
package enum TrainingRunsError: Error, Sendable, Equatable {
    /// Values that cannot be used, all of them.
    case settings(source: String, problems: [String])
    /// A formula that is none; `offset` counts bytes of it.
    case formula(String, offset: Int, reason: String)
    /// A formula that gives no rate.
    case formulaValue(String, reason: String)
    /// No preset of the name.
    case unknownPreset(name: String, available: [String])
    /// A name that a preset cannot have.
    case presetName(String, reason: String)
    /// A file that cannot be read.
    case unreadable(path: String, reason: String)
    /// A file or folder that cannot be written.
    case unwritable(path: String, reason: String)
    /// A run that cannot begin, for all these reasons.
    case checks([String])
    /// A state that does not fit the run that is to continue it.
    case incompatible(state: String, differences: [String])
    /// A state that cannot be read back.
    case state(source: String, reason: String)
}

extension TrainingRunsError: CustomStringConvertible {
    /// The sentence that the user sees: the thing, what is wrong, the way out.
    package var description: String {
        switch self {
        case .settings(let source, let problems): Self.list("\(source) cannot be used", problems)
        case .formula(let text, let offset, let reason):
            "the formula '\(text)' cannot be read: \(reason) at character \(offset + 1)"
        case .formulaValue(let text, let reason): "the formula '\(text)' gives no learning rate: \(reason)"
        case .unknownPreset(let name, let available):
            "there is no preset '\(name)'; there are \(available.joined(separator: ", "))"
        case .presetName(let name, let reason): "'\(name)' cannot be a preset's name: \(reason)"
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        case .checks(let problems): Self.list("the run cannot begin", problems)
        case .incompatible(let state, let differences):
            Self.list(
                "\(state) is of another run; continue it with its own settings, or start anew without --resume-from",
                differences
            )
        case .state(let source, let reason): "\(source) is no state of a run: \(reason)"
        }
    }

    private static func list(_ title: String, _ points: [String]) -> String {
        if points.count == 1, let only = points.first { return "\(title): \(only)" }
        return "\(title):" + points.map { "\n  - \($0)" }.joined()
    }
}
