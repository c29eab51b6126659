// SPDX-License-Identifier: Apache-2.0
import CTorchTable

extension Tensor {
    /// The same numbers in another type; the same memory if it is the type already.
    public func to(_ dtype: DType) throws(TorchError) -> Tensor {
        try to(device, dtype)
    }

    /// The same numbers on another device; the same memory if they are there already.
    public func to(_ device: Device) throws(TorchError) -> Tensor {
        try to(device, dtype)
    }

    /// The same numbers on a device in a type; the same memory if nothing changes.
    ///
    /// - Parameters:
    ///   - device: where they go.
    ///   - dtype: what they become.
    ///   - nonBlocking: whether a copy from pinned memory may go on after the call has returned.
    /// - Returns: this tensor or a converted copy, of the same shape.
    /// - Throws: an error if the device is not there or its memory is full.
    public func to(_ device: Device, _ dtype: DType, nonBlocking: Bool = false) throws(TorchError) -> Tensor {
        try Tensor("to") { unsafe $0.pointee.convert($1, pointer, device.options(dtype), nonBlocking) }
    }
}
