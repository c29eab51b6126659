// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
public import Checkpoints
public import Torch

/// How an adapter's bytes are held while it is loaded.
public enum AdapterResidence: Sendable, Hashable {
    /// Mapped from the file where its type and alignment allow: nothing is copied, and processes share the memory.
    ///
    /// The file must not be written into; replacing it by renaming is safe.
    case mapped
    /// Copied: for files that a trainer may write again in place.
    case copied
}

/// Gives a family the tensors of one adapter: checked, in the type and on the device that the model computes with.
public struct AdapterTensors {
    /// The adapter's name, for messages.
    public let adapter: String
    /// The type that the model computes in.
    public let dtype: DType
    /// Where the model computes.
    public let device: Device
    /// How the bytes are held.
    public let residence: AdapterResidence
    private let file: SafetensorsFile

    /// Whether DoRA's magnitudes of outputs are meant for ComfyUI, which divides by the norm of the base alone.
    ///
    /// Exports for ComfyUI say so in their metadata; no other tool writes it.
    var dividesByBaseNorm: Bool { file.metadata["lumina.dora_norm"] == "base" }

    /// Prepares to read an adapter's file.
    package init(
        file: SafetensorsFile,
        adapter: String,
        dtype: DType,
        device: Device,
        residence: AdapterResidence
    ) {
        self.file = file
        self.adapter = adapter
        self.dtype = dtype
        self.device = device
        self.residence = residence
    }

    /// A module's tensor by role.
    ///
    /// - Throws: `AdapterFormatError.incompleteModule` if the module has none of that role.
    public func description(_ role: TensorRole, of module: AdapterModule) throws -> TensorDescription {
        guard let tensor = module.tensors[role] else {
            throw AdapterFormatError.incompleteModule(
                module: module.path.text,
                present: module.tensors.values.map(\.name).min() ?? "nothing",
                missing: role.rawValue
            )
        }
        return tensor
    }

    /// A module's tensor by role, or by another where it has none of the first.
    ///
    /// - Throws: `AdapterFormatError.incompleteModule` if the module has neither.
    public func description(
        _ role: TensorRole,
        or other: TensorRole,
        of module: AdapterModule
    ) throws -> TensorDescription {
        try module.tensors[role] ?? description(other, of: module)
    }

    /// Refuses a tensor whose shape does not fit the base.
    ///
    /// - Parameters:
    ///   - tensor: the tensor.
    ///   - fits: whether it does.
    ///   - expected: the shape for the message.
    /// - Throws: `AdapterError.unexpectedShape`.
    public func require(_ tensor: TensorDescription, _ fits: Bool, _ expected: String) throws(AdapterError) {
        guard fits else {
            throw .unexpectedShape(adapter: adapter, tensor: tensor.name, shape: tensor.shape, expected: expected)
        }
    }

    /// Reads a tensor.
    ///
    /// - Parameters:
    ///   - tensor: the tensor.
    ///   - wanted: the type to read it in; the model's if nil.
    /// - Returns: the tensor on the model's device; the file's own bytes where nothing has to change.
    /// - Throws: `AdapterError.nonFinite` or `.overflow` naming it, `AdapterFormatError.unexpectedType`, `TorchError`.
    public func read(_ tensor: TensorDescription, as wanted: DType? = nil) throws -> Tensor {
        let wanted = wanted ?? dtype
        let stored = try storedType(of: tensor)
        try checkMagnitude(tensor)
        let result = try unsafe file.withBytes(of: tensor.name) { bytes in
            if residence == .mapped, tensor.isAligned {
                return try unsafe Tensor(mapping: bytes, shape: tensor.shape, dtype: stored, owner: file.file)
            }
            return try unsafe Tensor(copying: bytes, shape: tensor.shape, dtype: stored)
        }
        let converted = stored == wanted ? result : try result.to(wanted)
        return device == .cpu ? converted : try converted.to(device)
    }

    private func storedType(of tensor: TensorDescription) throws(AdapterFormatError) -> DType {
        switch tensor.dtype {
        case .float64: return .float64
        case .float32: return .float32
        case .float16: return .float16
        case .bfloat16: return .bfloat16
        case .int64, .int32, .int16, .int8, .uint8, .uint16, .uint32, .uint64, .bool, .float8e4m3, .float8e5m2:
            throw .unexpectedType(tensor: tensor.name, type: tensor.dtype.rawValue, expected: "F32, BF16, F16 or F64")
        }
    }

    private func checkMagnitude(_ tensor: TensorDescription) throws(AdapterError) {
        switch MagnitudeScan.scan(tensor, in: file.file) {
        case .nonFinite(let index)?: throw .nonFinite(adapter: adapter, tensor: tensor.name, index: index)
        case .finite(let largest)? where largest > -dtype.lowest:
            throw .overflow(adapter: adapter, tensor: tensor.name, magnitude: largest, type: dtype.name)
        case .finite?, nil: break
        }
    }
}
