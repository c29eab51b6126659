// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
import TestSupport
import Testing
import Torch

/// Weights for a layer, written to a file and read back as a checkpoint's are.
struct LayerWeights {
    private let directory: TemporaryDirectory
    private let file: TensorFile
    /// The values by name.
    let values: [String: Tensor]

    /// Seeded normal values of these shapes.
    init(_ shapes: [String: [Int]], seed: UInt64 = 1) throws {
        directory = try TemporaryDirectory()
        let generator = try Generator(seed: seed)
        values = try shapes.sorted { $0.key < $1.key }.reduce(into: [:]) { values, shape in
            values[shape.key] = try Tensor.randn(shape.value, generator: generator, dtype: .float32, device: .cpu)
        }
        file = TensorFile(
            tensors: try values.mapValues { .init(dtype: .float32, shape: $0.shape, bytes: try $0.bytes()) },
            metadata: [:]
        )
        try file.write(to: path)
    }

    /// The file.
    var path: String { directory.path(of: "model.safetensors") }

    /// A value by name.
    subscript(_ name: String) -> Tensor {
        get throws { try #require(values[name]) }
    }

    /// A cursor at the root.
    func cursor(dtype: DType = .float32, index: LinearIndex? = nil) throws -> Weights {
        Weights(WeightSource(store: try TensorStore(file: path), dtype: dtype, device: .cpu, index: index))
    }
}

extension Tensor {
    /// The worst difference from another tensor.
    func distance(from other: Tensor) throws -> Double {
        try #require(shape == other.shape)
        return try (to(.float64) - other.to(.float64)).abs().max().item()
    }
}
