// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
import Torch

/// The weights of a checkpoint's parts, named alike for every layout.
struct ModelWeights {
    /// The diffusion transformer.
    let transformer: WeightSource
    /// The condition encoder.
    let conditionEncoder: WeightSource
    /// The text encoder.
    let textEncoder: WeightSource
    /// The autoencoder.
    let autoencoder: WeightSource

    /// Opens the files of a checkpoint; nothing is read but their headers.
    ///
    /// - Parameters:
    ///   - index: notes the transformer's projections for adapters.
    ///   - isQuantized: whether the products that take the transformer's time are computed in int8.
    init(files: ModelFiles, dtype: DType, device: Device, index: LinearIndex, isQuantized: Bool = false) throws {
        let quantizes: (String) -> Bool = { isQuantized && DiffusionTransformer.isQuantizable($0) }
        let main = try TensorStore(
            directory: files.transformer,
            baseName: files.layout == .original ? "model" : "diffusion_pytorch_model"
        )
        switch files.layout {
        case .original:
            transformer = WeightSource(
                store: main,
                dtype: dtype,
                device: device,
                index: index,
                storedName: { "decoder." + $0 },
                quantizes: quantizes
            )
            conditionEncoder = WeightSource(store: main, dtype: dtype, device: device) { path in
                path == ConditionEncoder.nullName ? path : "encoder." + path
            }
        case .diffusers:
            transformer = WeightSource(
                store: main,
                dtype: dtype,
                device: device,
                index: index,
                storedName: TensorNames.diffusers,
                quantizes: quantizes
            )
            let encoder = try TensorStore(directory: files.conditionEncoder, baseName: "diffusion_pytorch_model")
            conditionEncoder = WeightSource(
                store: encoder,
                dtype: dtype,
                device: device,
                storedName: TensorNames.diffusers
            )
        }
        let text = try TensorStore(directory: files.textEncoder, baseName: "model")
        let prefix = text.contains("model.embed_tokens.weight") ? "model." : ""
        textEncoder = WeightSource(store: text, dtype: dtype, device: device) { prefix + $0 }
        let audio = try TensorStore(directory: files.autoencoder, baseName: "diffusion_pytorch_model")
        autoencoder = WeightSource(store: audio, dtype: dtype, device: device)
    }

    /// Maps the pages of the transformer's weights.
    static func warmPages(of files: ModelFiles) {
        let isOriginal = files.layout == .original
        let store = try? TensorStore(  // reported by whoever loads the weights
            directory: files.transformer,
            baseName: isOriginal ? "model" : "diffusion_pytorch_model"
        )
        guard let store else { return }
        for name in store.names where !isOriginal || name.hasPrefix("decoder.") {
            guard let (file, tensor) = try? store.location(of: name) else { continue }
            file.populate(tensor.byteRange)
        }
    }

    /// Refuses a file that holds more of a part than its configuration says: the two do not belong together.
    func checkAllUsed(layout: ModelFiles.Layout) throws {
        let unused: [String]
        switch layout {
        case .original:
            unused =
                transformer.unusedNames { $0.hasPrefix("decoder.") }
                + conditionEncoder.unusedNames { $0.hasPrefix("encoder.") }
        case .diffusers:
            unused = transformer.unusedNames { _ in true } + conditionEncoder.unusedNames { _ in true }
        }
        let surplus = unused.filter { !$0.hasSuffix(".inv_freq") }  // a buffer that old exports kept
        guard surplus.isEmpty else { throw LayerError.unusedTensors(names: surplus, file: transformer.file) }
    }
}
