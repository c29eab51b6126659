// SPDX-License-Identifier: Apache-2.0

/// What is wrong with an adapter's files.
///
/// Errors of the safetensors container itself (truncated, overlapping, too large) are `Checkpoints`' and pass through.
public enum AdapterFormatError: Error, Sendable, Equatable {
    /// Nothing is at the path.
    case notFound(path: String)
    /// The file is of a kind that is not read, such as a pickle.
    case refusedFile(path: String, advice: String)
    /// The directory holds no adapter, or several.
    case noAdapter(path: String, reason: String)
    /// A JSON file, or JSON inside safetensors metadata, cannot be parsed; `offset` counts bytes.
    case malformedJSON(source: String, offset: Int, reason: String)
    /// A value of `adapter_config.json` has the wrong type, is out of range or asks for something that is not read.
    case invalidConfiguration(source: String, key: String, reason: String)
    /// A key of `rank_pattern` or `alpha_pattern` is not a regular expression that is read.
    case invalidPattern(source: String, pattern: String, reason: String)
    /// A module has one half of a pair, or a companion tensor without the pair.
    case incompleteModule(module: String, present: String, missing: String)
    /// Two tensors say the same thing about one module.
    case duplicateTensor(module: String, first: String, second: String)
    /// One module has tensors of two adapter families.
    case mixedModule(module: String, tensors: [String])
    /// A tensor has a shape that its role cannot have.
    case unexpectedShape(tensor: String, shape: [Int], expected: String)
    /// A tensor has a type that its role cannot have.
    case unexpectedType(tensor: String, type: String, expected: String)
    /// An alpha that is not a finite number.
    case invalidAlpha(tensor: String, value: String)
    /// A flattened name (`layers_0_mlp_up_proj`) stands for more than one path of the base.
    case ambiguousName(name: String, candidates: [String])
    /// The files ask for more work or memory than any adapter needs.
    case limitExceeded(source: String, reason: String)
}

extension AdapterFormatError: CustomStringConvertible {
    /// The sentence that the user sees: the thing, what is wrong, the way out.
    public var description: String {
        switch self {
        case .notFound(let path): "no adapter at '\(path)': no such file or directory"
        case .refusedFile(let path, let advice): "'\(path)' is not read: \(advice)"
        case .noAdapter(let path, let reason): "'\(path)' holds no adapter that can be read: \(reason)"
        case .malformedJSON(let source, let offset, let reason): "\(source): \(reason) at byte \(offset)"
        case .invalidConfiguration(let source, let key, let reason): "\(source): '\(key)' \(reason)"
        case .invalidPattern(let source, let pattern, let reason):
            "\(source): the pattern '\(pattern)' is not a regular expression that can be used: \(reason)"
        case .incompleteModule(let module, let present, let missing):
            "module '\(module)' has '\(present)' but no \(missing)"
        case .duplicateTensor(let module, let first, let second):
            "'\(first)' and '\(second)' both describe module '\(module)'"
        case .mixedModule(let module, let tensors):
            "module '\(module)' mixes adapter families: \(tensors.joined(separator: ", "))"
        case .unexpectedShape(let tensor, let shape, let expected): "'\(tensor)' is \(shape), expected \(expected)"
        case .unexpectedType(let tensor, let type, let expected): "'\(tensor)' is \(type), expected \(expected)"
        case .invalidAlpha(let tensor, let value): "'\(tensor)' is \(value): an alpha must be a finite number"
        case .ambiguousName(let name, let candidates):
            "'\(name)' may stand for \(candidates.joined(separator: " or ")): use a file with dotted names"
        case .limitExceeded(let source, let reason): "\(source): \(reason)"
        }
    }
}
