// SPDX-License-Identifier: Apache-2.0

import ACEStep
import AdapterFormats
import Adapters
import Torch

/// A resident adapter, as callers see it.
public struct AdapterSummary: Sendable, Equatable, Codable {
    /// Its resident name.
    public let name: String
    /// Its families, such as `lora`.
    public let kinds: [String]
    /// Its ranks, ascending.
    public let ranks: [Int]
    /// How many projections it changes.
    public let layerCount: Int
    /// Bytes it keeps resident.
    public let byteCount: Int
    /// Seconds that loading took.
    public let loadSeconds: Double
    /// What the user should know about its files.
    public let warnings: [String]
}

extension MusicEngine {
    /// Makes an adapter resident; it changes nothing until a request asks for it.
    ///
    /// - Parameters:
    ///   - path: a directory or a `.safetensors` file.
    ///   - name: what to call it; the last component of its path unless given.
    ///   - allowPartial: accepts an adapter of which parts find no place in the base.
    /// - Throws: an error that names the file, the tensor and the rule broken; nothing is resident then.
    @discardableResult
    public func loadAdapter(
        _ path: String,
        name: String? = nil,
        allowPartial: Bool = false
    ) throws -> AdapterSummary {
        let start = ContinuousClock.now
        let description = try AdapterDescription(contentsOf: path)
        let (model, set) = (try ready().model, try ready().adapters)
        let adapter = try AdapterLoader.load(
            description,
            onto: model.projections,
            named: name,
            dtype: model.dtype,
            device: model.device,
            allowPartial: allowPartial
        )
        try set.insert(adapter)
        return AdapterSummary(
            name: adapter.name,
            kinds: description.kinds.map(\.rawValue),
            ranks: description.ranks,
            layerCount: adapter.layerCount,
            byteCount: adapter.byteCount,
            loadSeconds: (ContinuousClock.now - start).inSeconds,
            warnings: description.warnings
        )
    }

    /// Drops a resident adapter.
    ///
    /// - Throws: an error that names the resident ones if there is none of this name.
    public func unloadAdapter(_ name: String) throws {
        try ready().adapters.remove(named: name)
    }

    /// The names of the resident adapters, sorted.
    public var adapterNames: [String] {
        get throws { try ready().adapters.names }
    }

    /// Attaches a blend of resident adapters, or nothing.
    ///
    /// - Returns: seconds that it took.
    @discardableResult
    package func select(_ blend: [(name: String, weight: Double)]) throws -> Double {
        let start = ContinuousClock.now
        try ready().adapters.select(blend.map { BlendEntry($0.name, weight: .constant($0.weight)) })
        return (ContinuousClock.now - start).inSeconds
    }

    /// The resident names of references: a loaded name wins, anything else is a path that is loaded now.
    func residentNames(
        of references: [AdapterReference],
        allowPartial: Bool
    ) throws -> (names: [String], warnings: [String]) {
        var warnings: [String] = []
        let names = try references.map { reference in
            if try adapterNames.contains(reference.reference) { return reference.reference }
            let summary = try loadAdapter(
                reference.reference,
                name: try freeName(for: reference.reference),
                allowPartial: allowPartial
            )
            warnings += summary.warnings.map { "adapter \(summary.name): \($0)" }
            return summary.name
        }
        return (names, warnings)
    }

    /// The last component of a path, with a number if another adapter has that name: `lora/a/final`, `lora/b/final`.
    private func freeName(for path: String) throws -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        let plain = last.hasSuffix(".safetensors") ? String(last.dropLast(".safetensors".count)) : last
        let taken = try adapterNames
        guard taken.contains(plain) else { return plain }
        return (2...).lazy.map { "\(plain)-\($0)" }.first { !taken.contains($0) } ?? path
    }

    /// What the files of the strongest adapter that says anything tell about how to use it.
    func hints(of entries: [(name: String, weight: Double)]) throws -> SamplingParameters.Hints {
        let set = try ready().adapters
        for entry in entries.sorted(by: { $0.weight.magnitude > $1.weight.magnitude }) where entry.weight != 0 {
            guard let facts = set[entry.name]?.description.training, !facts.sources.isEmpty else { continue }
            return SamplingParameters.Hints(
                steps: facts.inferenceSteps,
                shift: facts.shift,
                variant: facts.modelVariant.flatMap(ModelConfiguration.Variant.init(rawValue:))
            )
        }
        return SamplingParameters.Hints()
    }
}
