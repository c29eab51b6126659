// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with the weights a layer asks for.
public enum LayerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The checkpoint has no tensor of this name.
    case missingTensor(name: String, file: String)
    /// The checkpoint's tensor has another shape than the configuration implies.
    case shapeMismatch(name: String, file: String, found: [Int], expected: [Int])
    /// The tensor is stored in a type this layer cannot compute with.
    case unsupportedType(name: String, file: String, type: String)
    /// The checkpoint holds tensors that the configuration does not account for.
    case unusedTensors(names: [String], file: String)

    /// The file, the tensor and what to do about it.
    public var description: String {
        switch self {
        case .missingTensor(let name, let file):
            "\(file): tensor '\(name)' is missing; the checkpoint is incomplete or of another model"
        case .shapeMismatch(let name, let file, let found, let expected):
            "\(file): tensor '\(name)' is \(found), expected \(expected) from the configuration"
        case .unsupportedType(let name, let file, let type):
            "\(file): tensor '\(name)' is stored as \(type); convert it to F32, F16 or BF16"
        case .unusedTensors(let names, let file):
            "\(file): \(names.count) tensors are not part of the configured model "
                + "(\(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? ", …" : "")); "
                + "config.json and weights do not belong together"
        }
    }
}
