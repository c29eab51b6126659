// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
public import Torch

/// An adapter whose tensors are ready to act on a base.
///
/// It changes nothing until an ``AdapterSet`` selects it.
public final class LoadedAdapter {
    /// The name under which it is selected.
    public let name: String
    /// What its files say.
    public let description: AdapterDescription
    /// The type of its tensors, which is the base's.
    public let dtype: DType
    /// Where its tensors are.
    public let device: Device
    /// Modules of the file that the base does not have, by path; empty unless partial loading was asked for.
    public let skippedModules: [String]
    /// What it does, by the layer's path; a layer may have several effects, such as a product and a bias.
    let effects: [String: [any LayerEffect]]

    init(
        name: String,
        description: AdapterDescription,
        dtype: DType,
        device: Device,
        skippedModules: [String],
        effects: [String: [any LayerEffect]]
    ) {
        self.name = name
        self.description = description
        self.dtype = dtype
        self.device = device
        self.skippedModules = skippedModules
        self.effects = effects
    }

    /// The bytes of its tensors; those of a mapped file belong to the page cache.
    public var byteCount: Int { effects.values.joined().reduce(0) { $0 + $1.byteCount } }

    /// The number of the base's layers that it changes.
    public var layerCount: Int { effects.count }
}
