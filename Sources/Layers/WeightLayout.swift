// SPDX-License-Identifier: Apache-2.0

public import Torch

/// How a checkpoint stores the weight of a projection.
///
/// A convolution whose windows do not overlap is computed as a projection of whole patches, by a matrix whose entries are
/// the stored weight's in another order. Adapters are made for the stored shape, hence the layer remembers it.
public enum WeightLayout: Sendable, Hashable {
    /// `[out, in]`, used as it is.
    case matrix
    /// A convolution with `size` as kernel and stride: stored `[out, channels, size]`, used `[out, size · channels]`.
    case patches(channels: Int, size: Int)
    /// A transposed convolution with `size` as kernel and stride: stored `[in, channels, size]`, used
    /// `[size · channels, in]`.
    case transposedPatches(channels: Int, size: Int)

    /// The stored shape of a weight that is used as `[outputs, inputs]`.
    public func storedShape(outputs: Int, inputs: Int) -> [Int] {
        switch self {
        case .matrix: [outputs, inputs]
        case .patches(let channels, let size): [outputs, channels, size]
        case .transposedPatches(let channels, let size): [inputs, channels, size]
        }
    }

    /// The entries of a stored weight in the order in which the projection uses them.
    ///
    /// - Parameter stored: of the stored shape, or anything with that many elements in that order.
    /// - Returns: `[outputs, inputs]`.
    /// - Throws: `TorchError` if the number of elements does not fit.
    public func matrix(_ stored: Tensor) throws(TorchError) -> Tensor {
        switch self {
        case .matrix: stored
        case .patches(let channels, let size):
            try stored.reshape([-1, channels, size]).permute([0, 2, 1]).reshape([-1, size * channels])
        case .transposedPatches(let channels, let size):
            try stored.reshape([-1, channels, size]).permute([2, 1, 0]).reshape([size * channels, -1])
        }
    }

    /// The entries of a used matrix in the stored order and shape.
    ///
    /// - Parameter matrix: `[outputs, inputs]`.
    /// - Returns: of the stored shape.
    /// - Throws: `TorchError` if the number of elements does not fit.
    public func stored(_ matrix: Tensor) throws(TorchError) -> Tensor {
        switch self {
        case .matrix: matrix
        case .patches(let channels, let size):
            try matrix.reshape([-1, size, channels]).permute([0, 2, 1]).contiguous()
        case .transposedPatches(let channels, let size):
            try matrix.reshape([size, channels, -1]).permute([2, 1, 0]).contiguous()
        }
    }

    /// The number of a stored bias's entries, of a projection with this many outputs.
    public func storedBiasCount(outputs: Int) -> Int {
        switch self {
        case .matrix, .patches: outputs
        case .transposedPatches(let channels, _): channels
        }
    }

    /// A stored bias as the projection uses it.
    ///
    /// - Parameter stored: `[out]`, or `[channels]` of a transposed convolution, where every frame of a patch has the same.
    /// - Returns: `[outputs]`.
    /// - Throws: `TorchError` if it cannot be repeated.
    public func bias(_ stored: Tensor) throws(TorchError) -> Tensor {
        switch self {
        case .matrix, .patches: stored
        case .transposedPatches(_, let size): try stored.repeated([size])
        }
    }
}
