// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// Why an adapter cannot be converted, measured, merged or extracted.
public enum ConversionError: Error, Sendable, Equatable {
    /// The numbers asked for depend on the base's weights, and no base was given.
    case needsModel(module: String, reason: String)
    /// The target's format has no way to say what the module does.
    case inexpressible(module: String, target: String, reason: String)
    /// The base has no such module.
    case missingModule(module: String)
    /// A module's tensors do not fit the base, or each other.
    case misfit(module: String, found: [Int], expected: [Int])
    /// The tensors describe a matrix that no model has.
    case tooLarge(module: String, shape: [Int])
    /// Tensors whose meaning is unknown would be lost.
    case unusedTensors(names: [String])
    /// The written file, read with the target's rules, does something else than the adapter.
    case checkFailed(path: String, module: String, error: Double, limit: Double)
    /// Something is there already, or cannot be written.
    case output(path: String, reason: String)
    /// Two checkpoints that should be of one model are not.
    case differentModels(reason: String)
}

extension ConversionError: CustomStringConvertible {
    /// The sentence that the user sees: the thing, what is wrong, the way out.
    public var description: String {
        switch self {
        case .needsModel(let module, let reason):
            "module \(quoted(module)): \(reason); name the base with --model DIR"
        case .inexpressible(let module, let target, let reason):
            "module \(quoted(module)) cannot be written for \(target): \(reason)"
        case .missingModule(let module):
            "the base has no module \(quoted(module)); was the adapter trained for another model?"
        case .misfit(let module, let found, let expected):
            "module \(quoted(module)): the adapter changes a weight of \(found), the base's is \(expected)"
        case .tooLarge(let module, let shape):
            "module \(quoted(module)): its tensors stand for a weight of \(shape), larger than any model's"
        case .unusedTensors(let names):
            "\(names.count) tensors have no known meaning, such as \(names.prefix(3).map(quoted).joined(separator: ", ")); "
                + "allow partial conversion to leave them out"
        case .checkFailed(let path, let module, let error, let limit):
            "\(path) was removed: read with its target's rules, module \(quoted(module)) differs by \(error) of the "
                + "adapter's effect, more than \(limit)"
        case .output(let path, let reason): "cannot write \(path): \(reason)"
        case .differentModels(let reason): "the two checkpoints are not of one model: \(reason)"
        }
    }

    private func quoted(_ text: String) -> String { CheckpointError.quoted(text) }
}
