// SPDX-License-Identifier: Apache-2.0

public import Checkpoints
public import Torch

/// One module's weights in a checkpoint: where its tensors are, under which names, and in which type to compute.
///
/// Model code asks by the original layout's path inside the module ("layers.0.self_attn.q_proj.weight");
/// `storedName` turns that into the name in the file, so that one model reads every layout.
///
/// The tensors are a checkpoint's, mapped and never changed, or ``TrainableTensors``, which change while modules compute with them.
public final class WeightSource {
    private enum Origin {
        case files(TensorStore)
        case training(any TrainableTensors)
    }

    /// The type layers compute in; tensors stored so are used where they lie, others are converted once.
    public let dtype: DType
    /// The device layers compute on.
    public let device: Device
    /// Where the module's adaptable projections are noted, if it has any.
    public let index: LinearIndex?
    private let quantization: Quantization?
    private let origin: Origin
    private let storedName: (String) -> String
    private var used: Set<String> = []

    /// - Parameters:
    ///   - store: the file or shards that hold the module.
    ///   - dtype: the type to compute in.
    ///   - device: the device to compute on.
    ///   - index: notes every projection that adapters may attach to.
    ///   - quantization: which projections multiply in int8; nil if none does.
    ///   - storedName: the name in the file of a path of the original layout.
    public init(
        store: TensorStore,
        dtype: DType,
        device: Device,
        index: LinearIndex? = nil,
        quantization: Quantization? = nil,
        storedName: @escaping (String) -> String = { $0 }
    ) {
        self.dtype = dtype
        self.device = device
        self.index = index
        self.quantization = quantization
        self.storedName = storedName
        origin = .files(store)
        file = store.files.first.map { store.files.count == 1 ? $0.path : Self.directory(of: $0.path) } ?? ""
    }

    /// A source of tensors that are trained.
    ///
    /// - Parameters:
    ///   - tensors: float32 leaves, all on one device.
    ///   - index: notes every projection that adapters may attach to.
    ///   - storedName: the name among the tensors of a path of the original layout.
    public init(
        training tensors: any TrainableTensors,
        index: LinearIndex? = nil,
        storedName: @escaping (String) -> String = { $0 }
    ) {
        origin = .training(tensors)
        dtype = .float32
        device = tensors.device
        self.index = index
        quantization = nil
        self.storedName = storedName
        file = tensors.label
    }

    /// Whether the tensors change while modules use them, so that nothing made from one may be kept.
    public var isTrained: Bool {
        if case .training = origin { true } else { false }
    }

    /// Whether the checkpoint has this tensor; tensors that are trained are made when they are asked for.
    public func contains(_ path: String) -> Bool {
        switch origin {
        case .files(let store): store.contains(storedName(path))
        case .training: true
        }
    }

    /// Notes a tensor as belonging to the model although nothing computes with it.
    public func acknowledge(_ path: String) { used.insert(storedName(path)) }

    /// Names in the file, of those that `belongs` accepts, that no layer has asked for, sorted.
    public func unusedNames(where belongs: (String) -> Bool) -> [String] {
        guard case .files(let store) = origin else { return [] }
        return store.names.filter { !used.contains($0) && belongs($0) }.sorted()
    }

    /// The path of the file, or the directory of the shards, that hold the module; for messages.
    public let file: String

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    /// A tensor in the compute type on the compute device.
    ///
    /// - Parameters:
    ///   - path: the tensor's path in the original layout.
    ///   - shape: what the configuration implies; nil takes the stored shape.
    ///   - wanted: another type than the module's compute type.
    /// - Returns: the tensor; it lies in the mapped file where type and device are already those wanted.
    /// - Throws: ``LayerError`` if it is missing or of another shape, `TorchError` if it cannot be held.
    public func tensor(_ path: String, shape: [Int]?, dtype wanted: DType? = nil) throws -> Tensor {
        try stored(path, shape: shape).to(wanted ?? dtype).to(device)
    }

    /// A tensor where it lies, in the type it is stored in, on the CPU: no byte is read or copied.
    ///
    /// Of tensors that are trained, the leaf itself on their device.
    public func stored(_ path: String, shape: [Int]?) throws -> Tensor {
        let name = storedName(path)
        switch origin {
        case .files(let store): return try mapped(name, of: store, shape: shape)
        case .training(let tensors):
            guard let shape else { throw LayerError.missingTensor(name: name, file: file) }
            used.insert(name)
            return try tensors.leaf(name, shape: shape)
        }
    }

    private func mapped(_ name: String, of store: TensorStore, shape: [Int]?) throws -> Tensor {
        guard store.contains(name) else { throw LayerError.missingTensor(name: name, file: file) }
        let (file, description) = try store.location(of: name)
        if let shape, shape != description.shape {
            throw LayerError.shapeMismatch(
                name: name,
                file: file.path,
                found: description.shape,
                expected: shape
            )
        }
        guard let stored = DType(description.dtype), stored.isFloatingPoint else {
            throw LayerError.unsupportedType(name: name, file: file.path, type: description.dtype.rawValue)
        }
        used.insert(name)
        return try Self.mapped(description, of: file, as: stored)
    }

    /// A tensor on a file's bytes, which keeps the file mapped.
    private static func mapped(
        _ description: TensorDescription,
        of file: MappedFile,
        as dtype: DType
    ) throws(TorchError) -> Tensor {
        try unsafe Tensor(
            mapping: UnsafeRawBufferPointer(rebasing: file.bytes[description.byteRange]),
            shape: description.shape,
            dtype: dtype,
            owner: file
        )
    }
}

extension WeightSource {
    /// Which projections of a module multiply in int8, and how.
    public struct Quantization {
        private let method: QuantizationMethod
        private let packed: PackedWeights?
        private let includes: (String) -> Bool

        /// - Parameters:
        ///   - method: how the products are computed.
        ///   - packed: what was quantised before; projections that it lacks are quantised anew.
        ///   - includes: whether a projection, by its path, is one of them.
        public init(
            _ method: QuantizationMethod,
            packed: PackedWeights? = nil,
            includes: @escaping (String) -> Bool
        ) {
            self.method = method
            self.packed = packed
            self.includes = includes
        }

        /// How `path` is to be computed; nil if it is not quantised.
        fileprivate func method(for path: String) -> QuantizationMethod? { includes(path) ? method : nil }

        fileprivate func packedMatrix(_ path: String, shape: [Int]) throws -> Int8Matrix? {
            try packed?.matrix(path, outputs: shape[0], inputs: shape[1])
        }
    }

    /// The product with a projection's weight: in the compute type, in int8 if this source quantises it, or with factors rounded to
    /// bfloat16 where weights are trained so.
    ///
    /// Once a weight is quantised, its mapped pages are let go: they come back if somebody asks for the original.
    ///
    /// - Parameters:
    ///   - path: the projection's path, without `.weight`.
    ///   - shape: `[out, in]`, as the configuration implies.
    /// - Returns: the product.
    /// - Throws: ``LayerError`` if it is missing or of another shape, `TorchError` if it cannot be held or quantised.
    func product(_ path: String, shape: [Int]) throws -> any LinearProduct {
        let name = path + ".weight"
        if case .training(let tensors) = origin, tensors.roundsFactors {
            return RoundedProduct(try tensor(name, shape: shape))
        }
        guard case .files(let store) = origin, let quantization, let method = quantization.method(for: path) else {
            return DenseProduct(try tensor(name, shape: shape))
        }
        let original = try stored(name, shape: shape)
        if method == .dynamic, let matrix = try quantization.packedMatrix(path, shape: shape) {
            return QuantizedProduct(matrix, original: original)
        }
        let (file, description) = try store.location(of: storedName(name))
        file.populate(description.byteRange)
        defer { file.adviseDontNeed(description.byteRange) }
        switch method {
        case .dynamic: return try QuantizedProduct(quantizing: original)
        case .weightsOnly: return try WeightOnlyProduct(quantizing: original, device: device)
        }
    }
}

extension DType {
    /// The compute type with the same values as a stored one, if there is one.
    public init?(_ stored: StoredDType) {
        switch stored {
        case .float32: self = .float32
        case .float64: self = .float64
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        case .int8: self = .int8
        case .uint8: self = .uint8
        case .int16: self = .int16
        case .int32: self = .int32
        case .int64: self = .int64
        case .bool: self = .bool
        default: return nil
        }
    }
}

extension WeightSource {
    /// The first tensor of the file, by name, that holds NaN or infinity; reads every byte of it.
    public func firstNotFinite() throws -> String? {
        guard case .files(let store) = origin else { return nil }
        for name in store.names {
            let (file, description) = try store.location(of: name)
            guard let dtype = DType(description.dtype), dtype.isFloatingPoint, description.elementCount > 0 else {
                continue
            }
            if try !Self.mapped(description, of: file, as: dtype).isFinite { return name }
        }
        return nil
    }
}

extension WeightSource {
    /// The type a tensor is stored in.
    ///
    /// - Throws: ``LayerError`` if it is missing or stored in a type that cannot be computed with.
    public func storedType(of path: String) throws -> DType { try stored(path, shape: nil).dtype }
}
