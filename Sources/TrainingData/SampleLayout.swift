// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// The type and shape of one of a song's tensors.
struct SampleLayout {
    let dtype: StoredDType
    let shape: [Int]

    /// Checks that tensors belong together.
    ///
    /// - Parameters:
    ///   - layouts: one for each key.
    ///   - path: the file, for messages.
    /// - Throws: ``TrainingDataError/missing(path:tensor:)``, ``TrainingDataError/misfit(path:tensor:reason:)``.
    static func check(_ layouts: [TrainingSample.Key: SampleLayout], path: String) throws(TrainingDataError) {
        let latents = try checked(.targetLatents, rank: 2, of: layouts, path: path)
        let states = try checked(.encoderHiddenStates, rank: 2, of: layouts, path: path)
        for (key, expected) in [
            (TrainingSample.Key.attentionMask, [latents[0]]), (.encoderAttentionMask, [states[0]]),
            (.contextLatents, [latents[0], 2 * latents[1]]),
        ] {
            let shape = try checked(key, rank: expected.count, of: layouts, path: path)
            guard shape == expected else {
                throw .misfit(path: path, tensor: key.rawValue, reason: "is \(shape), the others imply \(expected)")
            }
        }
    }

    private static func checked(
        _ key: TrainingSample.Key,
        rank: Int,
        of layouts: [TrainingSample.Key: SampleLayout],
        path: String
    ) throws(TrainingDataError) -> [Int] {
        guard let layout = layouts[key] else { throw .missing(path: path, tensor: key.rawValue) }
        func misfit(_ reason: String) -> TrainingDataError {
            .misfit(path: path, tensor: key.rawValue, reason: reason)
        }
        guard layout.shape.count == rank, !layout.shape.contains(0) else {
            throw misfit("is \(layout.shape), expected \(rank) dimensions above 0")
        }
        guard layout.dtype.isFloatingPoint || (key.isMask && layout.dtype.isTruth) else {
            throw misfit("is of type \(layout.dtype.rawValue), expected floating point")
        }
        return layout.shape
    }
}

extension TrainingSample.Key {
    /// Whether the tensor says of positions whether they count.
    var isMask: Bool { self == .attentionMask || self == .encoderAttentionMask }
}

extension StoredDType {
    fileprivate var isFloatingPoint: Bool { [.float32, .bfloat16, .float16, .float64].contains(self) }

    /// What other programs keep yes and no in.
    fileprivate var isTruth: Bool { [.bool, .uint8, .int64, .int32].contains(self) }
}
