// SPDX-License-Identifier: Apache-2.0

import ACEStep
import AdapterFormats
import Adapters
import Checkpoints
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
    /// Its files are read beside the compute thread, and a generation that runs there goes on: the adapter is taken in between
    /// two of its steps.
    ///
    /// - Parameters:
    ///   - path: a directory or a `.safetensors` file.
    ///   - name: what to call it; the last component of its path unless given.
    ///   - allowPartial: accepts an adapter of which parts find no place in the base.
    /// - Returns: what was loaded.
    /// - Throws: an error that names the file, the tensor and the rule broken; nothing is resident then.
    @discardableResult
    public nonisolated func loadAdapter(
        _ path: String,
        name: String? = nil,
        allowPartial: Bool = false
    ) async throws -> AdapterSummary {
        let start = ContinuousClock.now
        let description = try await Self.describe(path)
        return try await withCheckedThrowingContinuation { continuation in
            thread.interject {
                continuation.resume(
                    with: Result {
                        try self.assumeIsolated { engine in
                            try engine.insert(
                                description,
                                path: path,
                                name: name,
                                allowPartial: allowPartial,
                                start: start
                            )
                        }
                    }
                )
            }
        }
    }

    @concurrent
    private static func describe(_ path: String) async throws -> AdapterDescription {
        try AdapterDescription(contentsOf: path)
    }

    private func insert(
        _ description: AdapterDescription,
        path: String,
        name: String?,
        allowPartial: Bool,
        start: ContinuousClock.Instant
    ) throws -> AdapterSummary {
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
        residency.insert(adapter.name, origin: Self.origin(path, description.file.path), byteCount: adapter.byteCount)
        shrinkCopies()
        for evicted in residency.evict(keeping: inUse.union([adapter.name])) { try remove(evicted) }
        return AdapterSummary(
            name: adapter.name,
            kinds: description.kinds.map(\.rawValue),
            ranks: description.ranks,
            layerCount: adapter.layerCount,
            byteCount: adapter.byteCount,
            loadSeconds: start.secondsUntilNow,
            warnings: description.warnings
        )
    }

    private static func origin(_ path: String, _ weights: String) -> Residency.Origin {
        Residency.Origin(path: path, fingerprint: FileFingerprint(path: weights))
    }

    /// Drops a resident adapter.
    ///
    /// - Throws: an error that names the resident ones if there is none of this name.
    public func unloadAdapter(_ name: String) throws {
        if residency.isResident(name) || !residency.isKnown(name) { try remove(name) }
        residency.remove(name)
    }

    private func remove(_ name: String) throws {
        try ready().adapters.remove(named: name)
        guard let identity = identities.removeValue(forKey: name), !identities.values.contains(identity) else { return }
        copies.remove(containing: identity)
    }

    /// The names of the adapters in memory, sorted.
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
        return start.secondsUntilNow
    }

    /// The resident names of references: a known name wins, anything else is a path; what is not in memory is loaded.
    func residentNames(
        of references: [AdapterReference],
        allowPartial: Bool
    ) throws -> (names: [String], warnings: [String]) {
        var warnings: [String] = []
        let names = try references.map { reference in
            let (name, more) = try residentName(of: reference, allowPartial: allowPartial)
            residency.touch(name)
            inUse.insert(name)
            warnings += more
            return name
        }
        return (names, warnings)
    }

    private func residentName(
        of wanted: AdapterReference,
        allowPartial: Bool
    ) throws -> (name: String, warnings: [String]) {
        let reference = wanted.reference
        // What was resolved is these very files, whatever a resident adapter of that name is.
        if wanted.resolution == nil && residency.isResident(reference) { return (reference, []) }
        let known = wanted.resolution == nil ? residency.origin(of: reference) : nil
        let path = wanted.resolution?.path ?? known?.path ?? reference
        let location = try AdapterLocation(path)
        let same = residency.name(of: Self.origin(path, location.weights))
        if let same, residency.isResident(same) { return (same, []) }
        let summary = try insert(
            AdapterDescription(contentsOf: path),
            path: path,
            name: known == nil ? same ?? freeName(for: wanted.resolution?.name ?? reference) : reference,
            allowPartial: allowPartial,
            start: .now
        )
        return (summary.name, summary.warnings.map { "adapter \(summary.name): \($0)" })
    }

    /// The last component of a path, with a number if another adapter has that name: `lora/a/final`, `lora/b/final`.
    private func freeName(for path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        let plain = last.hasSuffix(".safetensors") ? String(last.dropLast(".safetensors".count)) : last
        guard residency.isKnown(plain) else { return plain }
        return (2...).lazy.map { "\(plain)-\($0)" }.first { !self.residency.isKnown($0) } ?? path
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
