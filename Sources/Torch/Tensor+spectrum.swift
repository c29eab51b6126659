// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// The short-time Fourier transform of a real signal, the frequencies from 0 to half the sample rate.
    ///
    /// - Parameters:
    ///   - size: samples of one transform.
    ///   - hop: samples between two transforms.
    ///   - window: `[size]`, what the samples are multiplied by; this tensor is `[length]` or `[batch, length]`.
    ///   - centered: whether transform n lies around sample n · hop, the signal mirrored at both ends, instead of beginning there.
    /// - Returns: `[batch, size / 2 + 1, transforms, 2]`, real and imaginary parts, without `batch` if this tensor has none.
    /// - Throws: an error if shapes or dtypes do not fit, or the signal is shorter than a transform (than its half, if centered).
    public func stft(size: Int, hop: Int, window: Tensor, centered: Bool = true) throws(TorchError) -> Tensor {
        try Tensor("stft") { unsafe $0.pointee.stft($1, pointer, size, hop, window.pointer, centered) }
    }

    /// The window of Hann, `sin²(πn / size)`: as often as it is needed in a row, its overlaps of half a window add up to 1.
    ///
    /// - Parameters:
    ///   - size: samples.
    ///   - device: where it is made.
    /// - Returns: `[size]`, float32.
    /// - Throws: an error if there is no memory for it.
    public static func hannWindow(_ size: Int, device: Device = .cpu) throws(TorchError) -> Tensor {
        // In float64: a window is made once, and its error is in every number that it makes.
        let phases = try Tensor.arange(from: 0, to: Double(size), dtype: .float64) * (2 * Double.pi / Double(size))
        return try ((1 - phases.cos()) * 0.5).to(.float32).to(device)
    }
}
