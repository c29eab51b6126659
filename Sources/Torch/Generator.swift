// SPDX-License-Identifier: Apache-2.0
import CTorchTable

/// A stream of random numbers.
///
/// The same seed on the same kind of device gives the numbers that Python's
/// `torch.Generator(device).manual_seed(seed)` gives, bit for bit.
@safe
public final class Generator {
    let pointer: OpaquePointer
    /// The seed it was made with.
    public let seed: UInt64
    /// The device it draws on; tensors are drawn there.
    public let device: Device

    /// Starts a stream.
    public init(seed: UInt64, device: Device = .cpu) throws(TorchError) {
        var result: OpaquePointer?
        try Library.call("generator") { unsafe $0.pointee.makeGenerator(&result, seed, device.raw) }
        guard let result = unsafe result else {
            throw TorchError.runtime(operation: "generator", message: "libtorch gave no result")
        }
        unsafe pointer = unsafe result
        self.seed = seed
        self.device = device
    }

    deinit {
        Library.release { table in unsafe table.pointee.freeGenerator(pointer) }
    }

    /// Where the stream is, in libtorch's own encoding: what a resumed training run restores.
    public var state: [UInt8] {
        get throws(TorchError) {
            try Tensor("generatorState") { unsafe $0.pointee.generatorState($1, pointer) }.bytes()
        }
    }

    /// Puts the stream where `state` was read.
    ///
    /// - Throws: an error if the bytes are not a state of this kind of device.
    public func setState(_ state: [UInt8]) throws(TorchError) {
        try setState(unsafe Tensor(copying: state.span.bytes, shape: [state.count], dtype: .uint8))
    }

    /// Puts the stream where a state, `[bytes]` of uint8, was read.
    package func setState(_ tensor: Tensor) throws(TorchError) {
        try Library.call("setGeneratorState") { unsafe $0.pointee.setGeneratorState(pointer, tensor.pointer) }
    }
}

extension Tensor {
    /// Numbers of the standard normal distribution.
    public static func randn(
        _ shape: [Int],
        generator: Generator,
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Tensor("randn") {
            unsafe $0.pointee.randn($1, shape, shape.count, generator.pointer, device.options(dtype))
        }
    }

    /// Numbers spread evenly over 0..<1.
    public static func rand(
        _ shape: [Int],
        generator: Generator,
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Tensor("rand") {
            unsafe $0.pointee.rand($1, shape, shape.count, generator.pointer, device.options(dtype))
        }
    }

    /// Whole numbers spread evenly over low..<high.
    public static func randint(
        low: Int = 0,
        high: Int,
        shape: [Int],
        generator: Generator,
        dtype: DType = .int64,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Tensor("randint") {
            unsafe $0.pointee.randint(
                $1,
                Int64(low),
                Int64(high),
                shape,
                shape.count,
                generator.pointer,
                device.options(dtype)
            )
        }
    }

    /// Ones with a probability, else zeros, each drawn on its own.
    public static func bernoulli(
        _ probability: Double,
        shape: [Int],
        generator: Generator,
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try Tensor("bernoulli") {
            unsafe $0.pointee.bernoulli(
                $1,
                probability,
                shape,
                shape.count,
                generator.pointer,
                device.options(dtype)
            )
        }
    }
}
