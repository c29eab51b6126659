// SPDX-License-Identifier: Apache-2.0

import Layers
import Torch

/// The embedded conditions of a request, for the layers' keys and values.
struct VoicedConditions {
    /// `[items, length, hidden]`, or `[voices, length, hidden]` where adapters made them different along the song.
    let embedded: Tensor
    /// Whether there is a row for each voice.
    let isVoiced: Bool
    /// Which voice acts where; nil where each item has one.
    let voicing: Voicing?
    /// Which conditions of each item are real; nil if all are.
    let padding: KeyPadding?
    /// Which conditions of each voice are real; nil if all are.
    let voicePadding: KeyPadding?

    /// A row for each voice.
    ///
    /// - Returns: `[voices, length, hidden]`.
    /// - Throws: `TorchError` if an operation fails.
    func voices() throws(TorchError) -> Tensor {
        guard !isVoiced, let voicing else { return embedded }
        return try voicing.voices(of: embedded)
    }
}
