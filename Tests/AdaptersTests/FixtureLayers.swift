// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Checkpoints
import Foundation
import Layers
import TestSupport
import Testing
import Torch

/// The layers of a few channels that Fixtures/make.py has made adapters for.
struct FixtureLayers {
    /// The layers by path.
    let index = LinearIndex()
    /// The weights as they are stored.
    let stored: TensorFile

    static let adapters = [
        "lora", "lora-biases", "lora-all-biases", "rslora", "pattern", "dora", "dora-rslora", "oft", "oft-series",
        "oft-series-3", "oft-series-7", "oft-shared", "oft-constrained", "peft-lokr", "peft-lokr-whole", "peft-loha",
        "peft-loha-tucker", "lokr-whole", "lokr-second", "lokr-both", "lokr-tucker", "lokr-scalar", "lokr-dora",
        "lokr-dora-input", "lokr-stabilised", "loha", "loha-tucker", "loha-scalar", "loha-dora", "loha-dora-input",
        "locon", "locon-tucker", "locon-dora", "locon-dora-input", "full",
    ]

    /// Makes the layers.
    ///
    /// - Parameters:
    ///   - dtype: the type of weights and inputs.
    ///   - product: how each multiplies by its weight.
    /// - Throws: an error if the fixture is damaged, and what `product` throws.
    init(
        dtype: DType = .float32,
        product: (Tensor) throws -> any LinearProduct = { DenseProduct($0) }
    ) throws {
        stored = try TensorFile(path: Self.path("base.safetensors"))
        for name in stored.names where name.hasSuffix(".weight") {
            let path = String(name.dropLast(".weight".count))
            let weight = try stored.entry(name)
            let isConvolution = weight.shape.count == 3
            let layout =
                isConvolution ? WeightLayout.patches(channels: weight.shape[1], size: weight.shape[2]) : .matrix
            index.add(
                Linear(
                    path: path,
                    product: try product(layout.matrix(Tensor(weight.floats, shape: weight.shape)).to(dtype)),
                    bias: try stored.tensors[path + ".bias"].map {
                        try Tensor($0.floats, shape: $0.shape).to(dtype)
                    },
                    layout: layout
                )
            )
        }
    }

    /// The path of a fixture.
    static func path(_ name: String) throws -> String {
        let directory = try #require(Bundle.module.resourceURL)
        return directory.appendingPathComponent("Fixtures").appendingPathComponent(name).path
    }

    /// Loads a fixture's adapter.
    func load(_ name: String, dtype: DType = .float32) throws -> LoadedAdapter {
        try AdapterLoader.load(AdapterDescription(contentsOf: Self.path(name)), onto: index, named: name, dtype: dtype)
    }

    /// What a layer computes now, as weights in the stored shape and a bias: its answers to unit vectors and to zero.
    func effective(_ path: String) throws -> (weight: [Float], bias: [Float]) {
        let layer = try #require(index[path])
        let width = layer.inputFeatures
        let dtype = layer.weight.dtype
        let units = try Tensor.arange(width).unsqueeze(0).equalTo(Tensor.arange(width).unsqueeze(1)).to(dtype)
        let bias = try layer(Tensor.zeros([1, width], dtype: dtype, device: .cpu)).to(.float32)
        let answers = try layer(units).to(.float32) - bias
        return (try layer.layout.stored(answers.transpose(0, 1)).contiguous().floats(), try bias.reshape([-1]).floats())
    }

    /// The stored tensors and the weighted differences of blends, by the law that the engine keeps:
    /// `W + Σ wᵢ·(Wᵢ′ − W)`.
    func expected(_ blend: [(name: String, weight: Double)]) throws -> [String: [Float]] {
        var sums = stored.tensors.mapValues { $0.floats.map(Double.init) }
        for (name, weight) in blend {
            let adapted = try TensorFile(path: Self.path("expected/\(name).safetensors"))
            for (tensor, entry) in adapted.tensors {
                let base = try stored.entry(tensor).floats
                for (position, value) in entry.floats.enumerated() {
                    sums[tensor]?[position] += weight * (Double(value) - Double(base[position]))
                }
            }
        }
        return sums.mapValues { $0.map(Float.init) }
    }

    /// The largest difference of what the layers compute from what is expected, by tensor.
    func agreements(with expected: [String: [Float]]) throws -> [Agreement] {
        try index.paths.flatMap { path -> [Agreement] in
            let (weight, bias) = try effective(path)
            let name = path + ".weight"
            let values = try #require(expected[name])
            let result = [Agreement(name, weight, values, shape: try stored.entry(name).shape)]
            guard let biases = expected[path + ".bias"] else { return result }
            return result + [Agreement(path + ".bias", bias, biases, shape: [biases.count])]
        }
    }
}
