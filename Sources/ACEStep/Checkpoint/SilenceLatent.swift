// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
import Torch

/// Encoded silence: what stands in for a reference clip and for source audio where there is none.
enum SilenceLatent {
    /// - Returns: `[1, frames, channels]` in the source's compute type.
    static func read(files: ModelFiles, source: WeightSource, channels: Int) throws -> Tensor {
        let latent: Tensor
        if let path = files.silence {
            let stored =
                path.hasSuffix(".pt")
                ? try fromArchive(path, channels: channels) : try fromSafetensors(path, channels: channels)
            latent = try stored.transpose(1, 2).contiguous().to(source.dtype).to(source.device)
        } else {
            latent = try source.tensor("silence_latent", shape: nil)
        }
        guard latent.rank == 3, latent.dimension(0) == 1, latent.dimension(1) > 0, latent.dimension(2) == channels
        else {
            throw ModelError.configuration(
                file: files.silence ?? source.file,
                reason: "silence_latent is \(latent.shape), expected [1, frames, \(channels)]"
            )
        }
        return latent
    }

    /// - Returns: `[1, channels, frames]` as stored.
    private static func fromArchive(_ path: String, channels: Int) throws -> Tensor {
        let archive = try TorchArchive(path: path)
        guard let name = archive.names.first, archive.names.count == 1 else {
            throw ModelError.configuration(
                file: path,
                reason: "holds \(archive.names.count) tensors, expected one"
            )
        }
        let view = try archive.tensor(name)
        guard let dtype = DType(view.dtype), dtype.isFloatingPoint, view.shape.count == 3, view.shape[1] == channels
        else {
            throw ModelError.configuration(
                file: path,
                reason: "is \(view.shape) of \(view.dtype.rawValue), expected [1, \(channels), frames]"
            )
        }
        let bytes = try archive.contiguousBytes(name)
        return try unsafe bytes.withUnsafeBytes { bytes in
            try unsafe Tensor(copying: bytes, shape: view.shape, dtype: dtype)
        }
    }

    private static func fromSafetensors(_ path: String, channels: Int) throws -> Tensor {
        let source = WeightSource(store: try TensorStore(file: path), dtype: .float32, device: .cpu)
        let tensor = try source.tensor("silence_latent", shape: nil)
        guard tensor.rank == 3, tensor.dimension(1) == channels else {
            throw ModelError.configuration(
                file: path,
                reason: "silence_latent is \(tensor.shape), expected [1, \(channels), frames]"
            )
        }
        return tensor
    }
}
