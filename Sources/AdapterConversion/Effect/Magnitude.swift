// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Checkpoints
import Torch

/// What DoRA's magnitudes are divided by.
enum MagnitudeNorm: String, Sendable {
    /// ‖W + ΔW‖, as PEFT and LyCORIS train.
    case result
    /// ‖W‖, as ComfyUI plays where the magnitudes are those of output rows.
    case base

    /// The metadata key under which an export says that its magnitudes are ComfyUI's.
    static let metadataKey = "lumina.dora_norm"

    /// What a file says; nothing but such an export says anything.
    init(metadata: [String: String]) {
        self = metadata[Self.metadataKey].flatMap(Self.init(rawValue:)) ?? .result
    }
}

/// DoRA's magnitudes of one module: `(W + ΔW)·m / norm`.
struct Magnitude {
    /// Added to a norm before dividing: float32's machine epsilon, as LyCORIS and ComfyUI add it.
    ///
    /// PEFT adds nothing, which differs by less than rounding.
    static let epsilon = 1.192092896e-7

    /// m as it is stored, of any shape with one size other than 1.
    let values: Tensor
    /// Whether m belongs to input columns; ComfyUI and LyCORIS write it `[1, in]` then.
    let isOfInputs: Bool
    /// What m is divided by.
    let norm: MagnitudeNorm

    /// A module's magnitudes; nil if it has none.
    init?(of module: AdapterModule, norm: MagnitudeNorm, reading tensors: AdapterTensors) throws {
        guard let tensor = module.tensors[.magnitude] ?? module.tensors[.weightNorm] else { return nil }
        values = try tensors.read(tensor)
        isOfInputs = tensor.shape.count > 1 && tensor.shape[0] == 1 && tensor.shape[1] > 1
        self.norm = norm
    }

    /// W′.
    ///
    /// - Parameters:
    ///   - weight: W, `[out, in]` or `[out, in, kernel]`.
    ///   - changed: W + ΔW.
    ///   - module: for messages.
    /// - Returns: W′, shaped like W.
    /// - Throws: ``ConversionError/misfit(module:found:expected:)``.
    func apply(to weight: Tensor, changed: Tensor, module: AdapterModule) throws -> Tensor {
        let shape = self.shape(for: weight)
        guard values.count == weight.dimension(isOfInputs ? 1 : 0) else {
            throw ConversionError.misfit(module: module.path.text, found: values.shape, expected: shape)
        }
        let divisor = try norms(norm == .base && !isOfInputs ? weight : changed)
        return try changed * (values.reshape(shape) / divisor)
    }

    /// The norms that belong to the magnitudes, shaped to be broadcast.
    func norms(_ weight: Tensor) throws -> Tensor {
        let axis = isOfInputs ? 1 : 0
        let others = (0..<weight.rank).filter { $0 != axis }
        return try weight.norm(dimensions: others, keepDimension: true) + Self.epsilon
    }

    /// `[out, 1(, 1)]` or `[1, in(, 1)]`.
    func shape(for weight: Tensor) -> [Int] {
        var shape = [Int](repeating: 1, count: weight.rank)
        shape[isOfInputs ? 1 : 0] = weight.dimension(isOfInputs ? 1 : 0)
        return shape
    }
}
