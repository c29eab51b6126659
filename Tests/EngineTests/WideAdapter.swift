// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import TestSupport

/// Adapters that change every projection of a fixture's transformer that their family can, of any size of effect.
enum WideAdapter: String, CaseIterable, Sendable {
    case lora, dora, doraOfInputs, oft, lokr, loha, whole

    /// A projection of the transformer as the original layout stores it.
    private struct Layer {
        let path: String
        let shape: [Int]
        let weight: [Float]
    }

    /// Writes the adapter.
    ///
    /// - Parameters:
    ///   - directory: receives a directory of this name.
    ///   - name: the adapter's name.
    ///   - seed: what its numbers depend on.
    ///   - accepts: which paths it changes.
    /// - Returns: its path.
    /// - Throws: Foundation's error if it cannot be written.
    func write(
        to directory: TemporaryDirectory,
        name: String,
        seed: UInt64,
        where accepts: (String) -> Bool = { _ in true }
    ) throws -> String {
        let model = try TensorFile(path: EngineFixture.model + "/acestep-v15-turbo/model.safetensors")
        var generator = SeededGenerator(seed: seed)
        var tensors: [String: TensorFile.Entry] = [:]
        for tensor in model.names where tensor.hasPrefix("decoder.") && tensor.hasSuffix(".weight") {
            let path = String(tensor.dropFirst("decoder.".count).dropLast(".weight".count))
            let entry = try model.entry(tensor)
            guard entry.shape.count > 1, accepts(path), self == .whole || path != "proj_out.1" else { continue }
            let layer = Layer(path: path, shape: entry.shape, weight: entry.floats)
            for (role, value) in factors(of: layer, &generator) {
                tensors[(self == .oft ? "base_model.model." : "diffusion_model.") + path + "." + role] = value
            }
        }
        let path = directory.path(of: name)
        try TemporaryDirectory.create(path)
        try TensorFile(tensors: tensors, metadata: [:]).write(to: path + "/adapter_model.safetensors")
        if self == .oft {
            let configuration = #"{"peft_type": "OFT", "oft_block_size": 4, "r": 0, "use_cayley_neumann": false}"#
            try Data(configuration.utf8).write(to: URL(fileURLWithPath: path + "/adapter_config.json"))
        }
        return self == .oft ? path : path + "/adapter_model.safetensors"
    }

    private func factors(of layer: Layer, _ generator: inout SeededGenerator) -> [(String, TensorFile.Entry)] {
        let (rows, columns) = (layer.shape[0], layer.shape.dropFirst().reduce(1, *))
        let ones = layer.shape.dropFirst(2).map { _ in 1 }
        func random(_ shape: [Int], _ scale: Float) -> TensorFile.Entry {
            TensorFile.Entry(
                (0..<shape.reduce(1, *)).map { _ in scale * Float.random(in: -1...1, using: &generator) },
                shape: shape
            )
        }
        let size = 1 / Float(columns).squareRoot()
        switch self {
        case .lora, .dora, .doraOfInputs:
            let product = [
                ("lora_down.weight", random([2] + layer.shape.dropFirst(), size)),
                ("lora_up.weight", random([rows, 2] + ones, 0.5)),
            ]
            return self == .lora ? product : product + [("dora_scale", magnitudes(of: layer, ones, &generator))]
        case .oft:
            return columns % 4 == 0 && ones.isEmpty ? [("oft_R.weight", random([columns / 4, 6], 0.3))] : []
        case .lokr:
            return [
                ("lokr_w1", random([2, 2], 0.7)),
                ("lokr_w2", random([rows / 2, layer.shape[1] / 2] + layer.shape.dropFirst(2), size)),
            ]
        case .loha:
            return [
                ("hada_w1_a", random([rows, 2], 0.7)), ("hada_w1_b", random([2, columns], 1)),
                ("hada_w2_a", random([rows, 2], 0.7)), ("hada_w2_b", random([2, columns], size)),
            ]
        case .whole: return [("diff", random(layer.shape, size))]
        }
    }

    /// The norms of the base's rows or columns, each a little off.
    private func magnitudes(of layer: Layer, _ ones: [Int], _ generator: inout SeededGenerator) -> TensorFile.Entry {
        let isOfOutputs = self == .dora
        let kernel = layer.shape.dropFirst(2).reduce(1, *)
        let (rows, inputs) = (layer.shape[0], layer.shape[1])
        var squares = [Float](repeating: 0, count: isOfOutputs ? rows : inputs)
        for (position, value) in layer.weight.enumerated() {
            squares[isOfOutputs ? position / (inputs * kernel) : position / kernel % inputs] += value * value
        }
        return TensorFile.Entry(
            squares.map { $0.squareRoot() * Float.random(in: 0.8...1.3, using: &generator) },
            shape: (isOfOutputs ? [rows, 1] : [1, inputs]) + ones
        )
    }
}
