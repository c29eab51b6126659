// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
import Torch

/// Writes named tensors to a safetensors file.
enum TensorFileWriter {
    /// Writes a file, whole or not at all.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - tensors: by their names.
    ///   - metadata: the header's.
    /// - Throws: `CheckpointError` if it cannot be written, `TorchError` if a tensor cannot be read.
    static func write(
        to path: String,
        tensors: [(name: String, value: Tensor)],
        metadata: [String: String] = [:]
    ) throws {
        let values = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.value) })
        let specifications = try tensors.map { tensor in
            TensorSpecification(name: tensor.name, dtype: try tensor.value.storedType, shape: tensor.value.shape)
        }
        try SafetensorsWriter.stream(to: path, tensors: specifications, metadata: metadata) { name, writer in
            guard let value = values[name] else { return }
            try unsafe value.detach().contiguous().withBytes { try unsafe writer.append($0) }
        }
    }
}

extension Tensor {
    fileprivate var storedType: StoredDType {
        get throws {
            switch dtype {
            case .float32: .float32
            case .float64: .float64
            case .bfloat16: .bfloat16
            case .float16: .float16
            case .uint8: .uint8
            case .int64: .int64
            default: throw TrainingError.size(what: "a tensor of \(dtype)", rule: "states hold no such numbers")
            }
        }
    }
}

/// Reads tensors of a safetensors file as copies.
struct TensorFileReader {
    private let file: SafetensorsFile

    /// Opens a file.
    ///
    /// - Throws: `CheckpointError` if it is missing or malformed.
    init(path: String) throws(CheckpointError) {
        file = try SafetensorsFile(path: path)
    }

    /// The names, sorted.
    var names: [String] { file.names }

    /// The header's metadata.
    var metadata: [String: String] { file.metadata }

    /// The file's size.
    var byteCount: Int { file.file.byteCount }

    /// A tensor's shape; nil if there is none of that name.
    func shape(of name: String) -> [Int]? { file.tensors[name]?.shape }

    /// A tensor of a shape.
    ///
    /// - Parameters:
    ///   - name: its name.
    ///   - shape: what it must have; nil takes any.
    /// - Returns: a copy.
    /// - Throws: ``TrainingError/state(file:reason:)`` if it is missing or of another shape.
    func tensor(_ name: String, shape: [Int]? = nil) throws -> Tensor {
        guard let description = file.tensors[name] else {
            throw TrainingError.state(file: file.path, reason: "it has no tensor '\(name)'")
        }
        if let shape, shape != description.shape {
            throw TrainingError.state(
                file: file.path,
                reason: "'\(name)' is \(description.shape), expected \(shape); rank, targets or family differ"
            )
        }
        guard let dtype = DType(description.dtype) else {
            throw TrainingError.state(file: file.path, reason: "'\(name)' is of type \(description.dtype.rawValue)")
        }
        return try unsafe file.withBytes(of: name) { bytes in
            try unsafe Tensor(copying: bytes, shape: description.shape, dtype: dtype)
        }
    }
}
