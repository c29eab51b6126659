// SPDX-License-Identifier: Apache-2.0

public import Torch

/// Where and in which type to compute.
public enum ComputeChoice {
    /// The device that `text` names; `auto` takes a GPU where there is one.
    ///
    /// - Throws: ``EngineError/unsupported(_:)`` for a device that is unknown or not there.
    public static func device(_ text: String) throws -> Device {
        if text == "auto" { return try Device.isCUDAAvailable ? .cuda() : .cpu }
        guard let device = Device(parsing: text) else {
            throw EngineError.unsupported("unknown device '\(text)'; use auto, cpu, cuda or cuda:1")
        }
        guard try device == .cpu || Device.isCUDAAvailable else {
            throw EngineError.unsupported(
                "there is no CUDA device here, or libtorch was installed without CUDA; `lumina doctor` says which"
            )
        }
        return device
    }

    /// The type that `text` names; `auto` takes bfloat16 where the weights are bfloat16 and the hardware multiplies them fast.
    ///
    /// - Parameters:
    ///   - text: `auto`, `float32` or `bfloat16`.
    ///   - stored: the type the weights are stored in.
    ///   - device: where the products are computed.
    /// - Returns: the type to compute in.
    /// - Throws: ``EngineError/unsupported(_:)`` for any other text; `TorchError` if libtorch cannot be opened.
    public static func dtype(_ text: String, stored: DType, device: Device) throws -> DType {
        switch text {
        case "auto":
            return try stored == .bfloat16 && (device != .cpu || hasFastBFloat16) ? .bfloat16 : .float32
        case "float32": return .float32
        case "bfloat16": return .bfloat16
        case "int8":
            throw EngineError.unsupported("int8 products are not there yet; use --dtype bfloat16 or float32")
        default:
            throw EngineError.unsupported("unknown type '\(text)'; use auto, float32 or bfloat16")
        }
    }

    /// Whether this CPU multiplies bfloat16 in hardware (AVX512-BF16 or AMX); without it bfloat16 is slower than float32.
    public static var hasFastBFloat16: Bool {
        get throws { try !TorchRuntime.cpuFeatures.isDisjoint(with: ["avx512_bf16", "amx_bf16"]) }
    }
}
