// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
public import Layers
public import Torch

/// Loads adapters onto a base: every tensor is checked against the layer that it changes.
public enum AdapterLoader {
    /// The families that can be applied.
    private static let families: [any AdapterFamily] = [
        LowRankFamily(), RotationFamily(), KroneckerFamily(), HadamardFamily(), WholeDifferenceFamily(),
    ]

    /// Loads an adapter.
    ///
    /// It is strict: a module that the base lacks, a shape that does not fit, a tensor that nobody reads or a weight that
    /// is not finite is an error, since an adapter that acts in part sounds like one that was trained badly.
    ///
    /// - Parameters:
    ///   - description: what the adapter's files hold.
    ///   - index: the base's layers.
    ///   - name: the name to select it by; the description's if nil.
    ///   - dtype: the type that the base computes in.
    ///   - device: where the base computes.
    ///   - allowPartial: whether modules that the base lacks and unknown tensors are skipped.
    ///   - residence: whether the file's bytes are mapped or copied.
    /// - Returns: the adapter, not yet acting.
    /// - Throws: `AdapterError` naming the adapter and the tensor; `AdapterFormatError` or `TorchError`.
    public static func load(
        _ description: AdapterDescription,
        onto index: LinearIndex,
        named name: String? = nil,
        dtype: DType,
        device: Device = .cpu,
        allowPartial: Bool = false,
        residence: AdapterResidence = .mapped
    ) throws -> LoadedAdapter {
        let name = name ?? description.name
        let tensors = AdapterTensors(
            file: description.file,
            adapter: name,
            dtype: dtype,
            device: device,
            residence: residence
        )
        if !allowPartial, !description.unusedNames.isEmpty {
            throw AdapterError.unusedTensors(adapter: name, names: description.unusedNames)
        }
        var loading = try Loading(description, tensors: tensors, index: index)
        guard allowPartial || loading.skipped.isEmpty else { throw loading.partialCoverage }
        try loading.addAll(families)
        guard !loading.effects.isEmpty else { throw AdapterError.nothingFits(adapter: name) }
        return LoadedAdapter(
            name: name,
            description: description,
            dtype: dtype,
            device: device,
            skippedModules: loading.skipped,
            effects: loading.effects
        )
    }
}
