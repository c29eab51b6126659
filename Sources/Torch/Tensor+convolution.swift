// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// Slides kernels along the last dimension.
    ///
    /// - Parameters:
    ///   - weight: `[out, in / groups, width]`; this tensor is `[batch, in, length]`.
    ///   - bias: `[out]`.
    ///   - stride: the distance between neighbouring places.
    ///   - padding: zeros added at each end.
    ///   - dilation: the distance between a kernel's elements.
    ///   - groups: blocks of channels that do not mix.
    /// - Returns: `[batch, out, places]`.
    /// - Throws: an error if shapes, dtypes or devices do not fit.
    public func conv1d(
        _ weight: Tensor,
        bias: Tensor? = nil,
        stride: Int = 1,
        padding: Int = 0,
        dilation: Int = 1,
        groups: Int = 1
    ) throws(TorchError) -> Tensor {
        try Tensor("conv1d") {
            unsafe $0.pointee.conv1d(
                $1,
                pointer,
                weight.pointer,
                bias?.pointer,
                stride,
                padding,
                dilation,
                groups
            )
        }
    }

    /// The transpose of `conv1d`: it lengthens by the stride.
    ///
    /// - Parameters:
    ///   - weight: `[in, out / groups, width]`; this tensor is `[batch, in, length]`.
    ///   - bias: `[out]`.
    ///   - stride: the distance between neighbouring places in the result.
    ///   - padding: what is cut off at each end.
    ///   - outputPadding: zeros added at the far end.
    ///   - groups: blocks of channels that do not mix.
    ///   - dilation: the distance between a kernel's elements.
    /// - Returns: `[batch, out, places]`.
    /// - Throws: an error if shapes, dtypes or devices do not fit.
    public func convTranspose1d(
        _ weight: Tensor,
        bias: Tensor? = nil,
        stride: Int = 1,
        padding: Int = 0,
        outputPadding: Int = 0,
        groups: Int = 1,
        dilation: Int = 1
    ) throws(TorchError) -> Tensor {
        try Tensor("convTranspose1d") {
            unsafe $0.pointee.convTranspose1d(
                $1,
                pointer,
                weight.pointer,
                bias?.pointer,
                stride,
                padding,
                outputPadding,
                groups,
                dilation
            )
        }
    }

    /// Slides kernels over the last two dimensions; pairs are (height, width).
    ///
    /// - Parameters:
    ///   - weight: `[out, in / groups, height, width]`; this tensor is `[batch, in, height, width]`.
    ///   - bias: `[out]`.
    ///   - stride: the distance between neighbouring places.
    ///   - padding: zeros added at each end.
    ///   - dilation: the distance between a kernel's elements.
    ///   - groups: blocks of channels that do not mix.
    /// - Returns: `[batch, out, rows, columns]`.
    /// - Throws: an error if shapes, dtypes or devices do not fit.
    public func conv2d(
        _ weight: Tensor,
        bias: Tensor? = nil,
        stride: (Int, Int) = (1, 1),
        padding: (Int, Int) = (0, 0),
        dilation: (Int, Int) = (1, 1),
        groups: Int = 1
    ) throws(TorchError) -> Tensor {
        try Tensor("conv2d") {
            unsafe $0.pointee.conv2d(
                $1,
                pointer,
                weight.pointer,
                bias?.pointer,
                [stride.0, stride.1],
                [padding.0, padding.1],
                [dilation.0, dilation.1],
                groups
            )
        }
    }

    /// The transpose of `conv2d`; pairs are (height, width).
    ///
    /// - Parameters:
    ///   - weight: `[in, out / groups, height, width]`; this tensor is `[batch, in, height, width]`.
    ///   - bias: `[out]`.
    ///   - stride: the distance between neighbouring places in the result.
    ///   - padding: what is cut off at each end.
    ///   - outputPadding: zeros added at the far ends.
    ///   - groups: blocks of channels that do not mix.
    ///   - dilation: the distance between a kernel's elements.
    /// - Returns: `[batch, out, rows, columns]`.
    /// - Throws: an error if shapes, dtypes or devices do not fit.
    public func convTranspose2d(
        _ weight: Tensor,
        bias: Tensor? = nil,
        stride: (Int, Int) = (1, 1),
        padding: (Int, Int) = (0, 0),
        outputPadding: (Int, Int) = (0, 0),
        groups: Int = 1,
        dilation: (Int, Int) = (1, 1)
    ) throws(TorchError) -> Tensor {
        try Tensor("convTranspose2d") {
            unsafe $0.pointee.convTranspose2d(
                $1,
                pointer,
                weight.pointer,
                bias?.pointer,
                [stride.0, stride.1],
                [padding.0, padding.1],
                [outputPadding.0, outputPadding.1],
                groups,
                [dilation.0, dilation.1]
            )
        }
    }
}
