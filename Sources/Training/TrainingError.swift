// SPDX-License-Identifier: Apache-2.0

/// What can go wrong with training.
package enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No projection of the model has one of the names that adapters were asked for.
    case noTargets(names: [String], examples: [String])
    /// A projection cannot take an adapter of this family.
    case unsupportedTarget(path: String, family: String, reason: String)
    /// A size of the adapter does not fit a projection.
    case size(what: String, rule: String)
    /// A file does not hold the state of this run.
    case state(file: String, reason: String)
    /// Something that cannot be done here.
    case unsupported(what: String, advice: String)
    /// A computation gave NaN or infinity.
    case notFinite(what: String, advice: String)

    /// What is wrong, with what, and the way out.
    package var description: String {
        switch self {
        case .noTargets(let names, let examples):
            "no projection of the model is called \(names.joined(separator: ", ")); there are, for example, "
                + examples.joined(separator: ", ")
        case .unsupportedTarget(let path, let family, let reason):
            "\(family) cannot adapt '\(path)': \(reason)"
        case .size(let what, let rule): "\(what); \(rule)"
        case .state(let file, let reason): "\(file): \(reason)"
        case .unsupported(let what, let advice): "\(what) is not supported; \(advice)"
        case .notFinite(let what, let advice): "\(what) not finite (NaN or infinity); \(advice)"
        }
    }
}
