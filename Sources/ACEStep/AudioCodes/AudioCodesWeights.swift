// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
import Torch

/// Opens the weights of the tokenizer or the detokenizer, named alike for both layouts.
enum AudioCodesWeights {
    /// Reads a part and refuses a file that holds more of it than its configuration says.
    ///
    /// - Parameters:
    ///   - prefix: the part's name in the original layout, `tokenizer` or `detokenizer`.
    ///   - directory: where the part lies; nil where the checkpoint has none.
    ///   - files: the checkpoint.
    ///   - dtype: the type to compute in.
    ///   - device: the device to compute on.
    ///   - build: makes the part from a cursor at its root and the sizes.
    /// - Returns: what `build` made.
    /// - Throws: ``ModelError``, `CheckpointError`, `LayerError` or `TorchError`, each naming the file.
    static func read<Part>(
        _ prefix: String,
        directory: String?,
        of files: ModelFiles,
        dtype: DType,
        device: Device,
        _ build: (Weights, AudioCodesConfiguration) throws -> Part
    ) throws -> Part {
        guard let directory else {
            throw ModelError.missingPart(name: "\(prefix) of audio", lookedIn: [files.transformer])
        }
        let isOriginal = files.layout == .original
        let store = try TensorStore(
            directory: directory,
            baseName: isOriginal ? "model" : "diffusion_pytorch_model"
        )
        let source = WeightSource(store: store, dtype: dtype, device: device) {
            isOriginal ? prefix + "." + $0 : TensorNames.diffusers($0)
        }
        let part = try build(Weights(source), AudioCodesConfiguration(directory: directory))
        let surplus = source.unusedNames { !isOriginal || $0.hasPrefix(prefix + ".") }
        guard surplus.isEmpty else { throw LayerError.unusedTensors(names: surplus, file: source.file) }
        return part
    }
}
