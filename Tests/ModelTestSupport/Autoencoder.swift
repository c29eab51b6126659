// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Checkpoints
import Layers
import Torch

/// Reads the halves of an autoencoder's directory, in float32.
package enum Autoencoder {
    /// The half that makes audio.
    package static func decoder(_ directory: String) throws -> OobleckDecoder {
        try OobleckDecoder(
            Weights(source(directory), path: "decoder"),
            configuration: AutoencoderConfiguration(directory: directory)
        )
    }

    /// The half that reads audio.
    package static func encoder(_ directory: String) throws -> OobleckEncoder {
        try OobleckEncoder(
            Weights(source(directory), path: "encoder"),
            configuration: AutoencoderConfiguration(directory: directory)
        )
    }

    private static func source(_ directory: String) throws -> WeightSource {
        let store = try TensorStore(directory: directory, baseName: "diffusion_pytorch_model")
        return WeightSource(store: store, dtype: .float32, device: .cpu)
    }
}
