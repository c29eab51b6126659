// SPDX-License-Identifier: Apache-2.0

/// What can go wrong between a request and the model.
public enum EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The text after `=` is not a number.
    case adapterWeight(String)
    /// The text after `@` is not a part of a song.
    case adapterSpan(String)
    /// A request's `span` is not a part of a song.
    case requestedSpan(String)
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
        case .adapterSpan(let text):
            "adapter '\(text)': what follows '@' must be seconds of the song, the first before the second, as in "
                + "lora/jazz=0.7@10-20, lora/jazz=0.7@10- or lora/jazz=0.7@-20"
        case .requestedSpan(let text):
            "field 'adapters.span' is \(text); it must be [start, end] in seconds, from 0 on, the start before the end"
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
