// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with songs' tensors.
public enum TrainingDataError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file lacks a tensor.
    case missing(path: String, tensor: String)
    /// A tensor is not of the shape or type that the others imply.
    case misfit(path: String, tensor: String, reason: String)
    /// The file's name ends in neither format's extension.
    case unknownFormat(path: String)
    /// A directory has nothing to learn from.
    case noSamples(path: String, reason: String)
    /// A file cannot be written.
    case unwritable(path: String, reason: String)

    /// What is wrong, with what, and the way out.
    public var description: String {
        switch self {
        case .missing(let path, let tensor):
            "\(path) has no tensor '\(tensor)'; make it again with `lumina preprocess`"
        case .misfit(let path, let tensor, let reason):
            "\(path): tensor '\(tensor)' \(reason); make the file again with `lumina preprocess`"
        case .unknownFormat(let path):
            "\(path) is no file of tensors; its name must end in .safetensors or .pt"
        case .noSamples(let path, let reason): "\(path) has no songs to learn from: \(reason)"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        }
    }
}
