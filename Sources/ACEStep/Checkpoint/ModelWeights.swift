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
    ///   - files: where the parts are.
    ///   - dtype: the type to compute in.
    ///   - device: the device to compute on.
    ///   - index: notes the transformer's projections for adapters.
    ///   - quantization: which of the transformer's projections multiply in int8; nil if none does.
    /// - Throws: `CheckpointError` if a file or shard is missing or malformed.
    init(
        files: ModelFiles,
        dtype: DType,
        device: Device,
        index: LinearIndex,
        quantization: WeightSource.Quantization? = nil
    ) throws {
        let main = try Self.transformerStore(of: files)
        switch files.layout {
        case .original:
            transformer = WeightSource(
                store: main,
                dtype: dtype,
                device: device,
                index: index,
                quantization: quantization,
                storedName: { "decoder." + $0 }
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
                quantization: quantization,
                storedName: TensorNames.diffusers
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

    /// The file or shards that hold the transformer.
    static func transformerStore(of files: ModelFiles) throws(CheckpointError) -> TensorStore {
        try TensorStore(
            directory: files.transformer,
            baseName: files.layout == .original ? "model" : "diffusion_pytorch_model"
        )
    }

    /// Maps the pages of the transformer's weights.
    static func warmPages(of files: ModelFiles) {
        let isOriginal = files.layout == .original
        guard let store = try? transformerStore(of: files) else { return }  // reported by whoever loads the weights
        for name in store.names where !isOriginal || name.hasPrefix("decoder.") {
            guard let (file, tensor) = try? store.location(of: name) else { continue }
            file.populate(tensor.byteRange)
        }
    }

    /// Refuses a file that holds more of a part than its configuration says: the two do not belong together.
    func checkAllUsed(layout: ModelFiles.Layout) throws {
        let isOriginal = layout == .original
        let parts: [(WeightSource, (String) -> Bool)] = [
            (transformer, { !isOriginal || $0.hasPrefix("decoder.") }),
            (conditionEncoder, { !isOriginal || $0.hasPrefix("encoder.") }),
            (textEncoder, { !$0.hasPrefix("lm_head.") }),  // a language model's output, which some exports keep
            (autoencoder, { $0.hasPrefix("decoder.") }),
        ]
        for (source, belongs) in parts {
            let surplus = source.unusedNames(where: belongs).filter { !$0.hasSuffix(".inv_freq") }  // an old buffer
            guard surplus.isEmpty else { throw LayerError.unusedTensors(names: surplus, file: source.file) }
        }
    }
}
