// SPDX-License-Identifier: Apache-2.0

public import Layers
public import Torch

/// Where and in which type to compute.
public enum ComputeChoice {
    /// The device that `text` names; `auto` takes a GPU where there is one.
    ///
    /// - Throws: ``EngineError/unsupported(_:)`` for a device that is unknown or not there.
    public static func device(_ text: String) throws -> Device {
        do {
            return try Device(choosing: text)
        } catch let error as DeviceChoiceError {
            throw EngineError.unsupported(error.description)
        }
    }

    /// How to compute.
    public struct Arithmetic: Sendable, Equatable {
        /// The type of activations, and of the weights that are not quantised.
        public let dtype: DType
        /// How the transformer's large products are computed in int8; nil if they are not.
        public let quantization: QuantizationMethod?

        /// What the user calls it.
        public var name: String { quantization == nil ? dtype.name : ComputeChoice.int8 }
    }

    /// What a user asks for int8 with.
    static let int8 = "int8"

    /// What `text` names: `int8`, or one of the types of ``dtype(_:stored:device:)``.
    ///
    /// int8 is quantised weights and activations on a processor, quantised weights alone on a GPU.
    ///
    /// - Parameters:
    ///   - text: `auto`, `float32`, `bfloat16` or `int8`.
    ///   - stored: the type the weights are stored in.
    ///   - device: where the products are computed.
    /// - Returns: how to compute.
    /// - Throws: ``EngineError/unsupported(_:)`` for a type that is unknown or that this machine cannot compute in;
    ///   `TorchError` if libtorch cannot be opened.
    public static func arithmetic(_ text: String, stored: DType, device: Device) throws -> Arithmetic {
        guard text == int8 else {
            return Arithmetic(dtype: try dtype(text, stored: stored, device: device), quantization: nil)
        }
        guard device == .cpu else {
            return Arithmetic(dtype: try dtype("auto", stored: stored, device: device), quantization: .weightsOnly)
        }
        guard try Int8Matrix.isSupported else {
            throw EngineError.unsupported(
                "int8 products need a processor with AVX-512 VNNI, which this one lacks; use --dtype bfloat16 or float32"
            )
        }
        return Arithmetic(dtype: try dtype("auto", stored: stored, device: device), quantization: .dynamic)
    }

    /// The floating-point type that `text` names; `auto` takes bfloat16 where the weights are bfloat16 and the hardware multiplies them fast.
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
        default:
            throw EngineError.unsupported("unknown type '\(text)'; use auto, float32, bfloat16 or int8")
        }
    }

    /// Whether this CPU multiplies bfloat16 in hardware (AVX512-BF16 or AMX); without it bfloat16 is slower than float32.
    public static var hasFastBFloat16: Bool {
        get throws { try TorchRuntime.hasFastBFloat16 }
    }
}
