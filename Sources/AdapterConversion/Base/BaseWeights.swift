// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
public import Checkpoints
import Layers
public import Torch

/// The weights of a base's decoder that adapters can change, by path in the original layout.
///
/// Opening reads headers only; a weight is read when it is asked for, so that memory stays at one layer.
public struct BaseWeights: Sendable {
    /// How a checkpoint names its tensors.
    public enum Layout: String, Sendable {
        /// One `model.safetensors` in which the decoder's names begin with `decoder.`.
        case original
        /// A `transformer` directory with diffusers' names.
        case diffusers
    }

    /// The files.
    public let store: TensorStore
    /// How they name tensors.
    public let layout: Layout
    /// Every module whose weight has two dimensions or more, sorted.
    public let paths: [String]
    private let storedNames: [String: String]
    private let table: PathTable

    /// Opens the decoder's file, or its shards.
    ///
    /// - Parameters:
    ///   - directory: the directory that holds them.
    ///   - layout: how they name tensors.
    /// - Throws: `CheckpointError`, or ``ConversionError/differentModels(reason:)`` if no decoder is in them.
    public init(directory: String, layout: Layout) throws {
        let baseName = layout == .original ? "model" : "diffusion_pytorch_model"
        try self.init(store: TensorStore(directory: directory, baseName: baseName), layout: layout)
    }

    /// Takes the decoder of an open checkpoint.
    ///
    /// - Throws: as ``init(directory:layout:)``.
    public init(store: TensorStore, layout: Layout) throws {
        var names: [String: String] = [:]
        for name in store.names where name.hasSuffix(".weight") {
            let module = String(name.dropLast(".weight".count))
            guard try store.description(name).shape.count >= 2 else { continue }
            guard layout == .diffusers || module.hasPrefix("decoder.") else { continue }
            names[ModulePath(spelled: module).text] = module
        }
        guard !names.isEmpty else {
            throw ConversionError.differentModels(reason: "\(store.files.first?.path ?? "") holds no decoder's weights")
        }
        self.store = store
        self.layout = layout
        storedNames = names
        paths = names.keys.sorted()
        table = PathTable(names.keys)
    }

    /// The number of the decoder's layers.
    public var layerCount: Int { table.layerCount }

    /// The base's path that a module of an adapter stands for.
    ///
    /// - Throws: ``ConversionError/missingModule(module:)``, or `AdapterFormatError` for an ambiguous name.
    public func path(of module: ModulePath) throws -> String {
        guard let path = try table.resolve(module) else { throw ConversionError.missingModule(module: module.text) }
        return path
    }

    /// Whether a module of an adapter has a place here.
    public func contains(_ module: ModulePath) -> Bool { (try? table.resolve(module)) != nil }

    /// The name under which the files hold a module's tensor, such as its `weight`.
    public func storedName(_ path: String, _ tensor: String) -> String? {
        storedNames[path].map { $0 + "." + tensor }
    }

    /// The shape of a module's weight: `[out, in]`, or `[out, in, kernel]`.
    public func shape(_ path: String) throws -> [Int] { try store.description(name(path, "weight")).shape }

    /// The type that a module's weight is stored in.
    public func storedType(_ path: String) throws -> StoredDType { try store.description(name(path, "weight")).dtype }

    /// A module's weight.
    public func weight(_ path: String, dtype: DType = .float32) throws -> Tensor {
        try source(dtype).tensor(name(path, "weight"), shape: nil)
    }

    /// A module's bias, if it has one.
    public func bias(_ path: String, dtype: DType = .float32) throws -> Tensor? {
        let name = try name(path, "bias")
        return store.contains(name) ? try source(dtype).tensor(name, shape: nil) : nil
    }

    /// Whether a module has a bias.
    public func hasBias(_ path: String) -> Bool { storedName(path, "bias").map(store.contains) ?? false }

    private func name(_ path: String, _ tensor: String) throws -> String {
        guard let name = storedName(path, tensor) else { throw ConversionError.missingModule(module: path) }
        return name
    }

    private func source(_ dtype: DType) -> WeightSource { WeightSource(store: store, dtype: dtype, device: .cpu) }
}
