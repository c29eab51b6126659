// SPDX-License-Identifier: Apache-2.0

/// What can go wrong between a request and the model.
public enum EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The text after `=` is not a number.
    case adapterWeight(String)
    /// An adapter reference names nothing.
    case emptyReference
    /// A request file does not hold a request.
    case request(file: String, reason: String)
    /// The wish cannot be met on this machine.
    case unsupported(String)
    /// No resident adapter has this name.
    case unknownAdapter(String, resident: [String])
    /// The engine was asked to compute before its model was loaded.
    case notLoaded

    /// What is wrong, with what, and the way out where there is one.
    public var description: String {
        switch self {
        case .adapterWeight(let text):
            "adapter '\(text)': what follows '=' must be a number, as in lora/jazz=0.7"
        case .emptyReference: "an adapter reference is empty; give a directory, a .safetensors file or a loaded name"
        case .request(let file, let reason): "\(file): \(reason)"
        case .unsupported(let reason): reason
        case .unknownAdapter(let name, let resident):
            "no adapter '\(name)' is loaded; loaded are: "
                + (resident.isEmpty ? "none" : resident.joined(separator: ", "))
        case .notLoaded: "no model is loaded yet"
        }
    }
}
