// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with a checkpoint, a request or a run of the model.
public enum ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no checkpoint at this path.
    case notACheckpoint(path: String, reason: String)
    /// A part of the checkpoint is missing.
    case missingPart(name: String, lookedIn: [String])
    /// The directory holds several models and none was chosen, or not the one asked for.
    case variant(asked: String?, available: [String], path: String)
    /// A configuration file does not describe a model that can be built.
    case configuration(file: String, reason: String)
    /// A parameter of a request is out of its range.
    case parameter(name: String, value: String, rule: String)
    /// A computation gave NaN or infinity.
    case notFinite(what: String, advice: String)

    /// What is wrong, with what, and the way out where there is one.
    public var description: String {
        switch self {
        case .notACheckpoint(let path, let reason):
            "\(path) is not an ACE-Step checkpoint: \(reason)"
        case .missingPart(let name, let places):
            "the checkpoint has no \(name); looked in \(places.joined(separator: ", "))"
        case .variant(nil, let available, let path):
            "\(path) holds several models; choose one with --variant: \(available.joined(separator: ", "))"
        case .variant(let asked?, let available, let path):
            "\(path) has no variant '\(asked)'; it has \(available.joined(separator: ", "))"
        case .configuration(let file, let reason):
            "\(file): \(reason)"
        case .parameter(let name, let value, let rule):
            "\(name) is \(value); \(rule)"
        case .notFinite(let what, let advice):
            "\(what) not finite (NaN or infinity); \(advice)"
        }
    }
}
