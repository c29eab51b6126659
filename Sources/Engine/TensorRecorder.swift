// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Torch

/// Keeps every tensor of a run and writes them to one safetensors file: ids as int64, everything else as float32.
final class TensorRecorder {
    private var specifications: [TensorSpecification] = []
    private var payloads: [String: [UInt8]] = [:]

    /// Keeps a copy of a tensor.
    func keep(_ name: String, _ tensor: Tensor) throws {
        let isInteger = !tensor.dtype.isFloatingPoint
        let kept = try tensor.to(isInteger ? .int64 : .float32).to(.cpu).contiguous()
        specifications.append(
            TensorSpecification(name: name, dtype: isInteger ? .int64 : .float32, shape: tensor.shape)
        )
        payloads[name] = try kept.bytes()
    }

    /// Writes what was kept, whole or not at all.
    func write(to path: String) throws {
        try SafetensorsWriter.write(to: path, tensors: specifications, metadata: ["format": "pt"]) {
            payloads[$0] ?? []
        }
    }
}
