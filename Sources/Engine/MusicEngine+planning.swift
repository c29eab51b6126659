// SPDX-License-Identifier: Apache-2.0

import ACEStep
import AdapterFormats
import Adapters
import Checkpoints
import Crypto
import Torch

/// How a run's adapters are computed.
struct PlannedAdapters {
    /// Nil where no adapter acts.
    let mode: AdapterMode?
    /// The merged part; the rest acts as branches.
    let copy: MergedCopy?
}

extension MusicEngine {
    /// Decides how the adapters of a run are computed, and merges if need be.
    ///
    /// What acts on every item, everywhere and at every step can be merged; strength curves, spans and what differs between the
    /// items of a batch stay branches, on top of the merged rest where that gives the same.
    ///
    /// - Parameters:
    ///   - batch: what acts where.
    ///   - run: the pieces to make.
    /// - Returns: the way, with the copy if it is one.
    /// - Throws: `AdapterError` or `TorchError`; what acts now stays.
    func plan(_ batch: BatchBlend, run: GenerationRun) throws -> PlannedAdapters {
        let model = try ready().model
        let rows = run.items.count * (run.items.map { model.tokenCount($0.request) }.max() ?? 0)
        let passes = run.parameters.steps * (run.parameters.guidance > 1 ? 2 : 1)
        let part = batch.constantPart
        let rest = batch.without(part).items.joined()
        guard batch.voices.contains(where: { !$0.isEmpty }) else {
            return PlannedAdapters(mode: nil, copy: nil)
        }
        let set = try ready().adapters
        guard !part.isEmpty, planner.wanted != .factors, set.canMerge(part, under: Array(rest)) else {
            return PlannedAdapters(mode: .factors, copy: nil)
        }
        let key = try key(of: part)
        let isKept = copies.contains(key)
        let situation = AdapterPlanner.Situation(
            costs: isKept || planner.wanted != nil ? .free : try costs(of: part, key: key, rows: rows),
            passes: passes,
            isKept: isKept,
            budget: mergedBudget
        )
        guard planner.choose(key, in: situation) == .merged else {
            return PlannedAdapters(mode: .factors, copy: nil)
        }
        return PlannedAdapters(mode: .merged, copy: try merged(part, key: key))
    }

    /// A set's copy, kept or made now.
    private func merged(_ part: [BlendEntry], key: AdapterPlanner.Key) throws -> MergedCopy {
        if let kept = copies.take(key) { return kept.standing(for: part) }
        let set = try ready().adapters
        // Room is made before it is taken: the copies of two sets are never there at once beyond the budget.
        copies.shrink(to: max(0, mergedBudget - set.mergedByteCount(of: part)))
        let copy = try set.merge(part) {
            if Task.isCancelled { throw CancellationError() }
            thread.runInterjections()
        }
        copies.insert(copy, for: key)
        copies.shrink(to: max(mergedBudget, copy.byteCount))
        return copy
    }

    /// Drops copies that have no room any more.
    func shrinkCopies() { copies.shrink(to: mergedBudget) }

    /// How many merged copies are in memory, and their bytes.
    package var mergedCopies: (count: Int, byteCount: Int) { (copies.count, copies.byteCount) }

    /// Bytes that merged copies may take: their own budget, less what resident adapters need of theirs.
    private var mergedBudget: Int {
        let own = configuration.mergedBudget
        return residency.budget.map { min(own, max(0, $0 - residency.byteCount)) } ?? own
    }

    /// What a set costs, measured at its first use.
    private func costs(of part: [BlendEntry], key: AdapterPlanner.Key, rows: Int) throws -> BlendCosts {
        if let fixed = configuration.adapterCosts { return fixed }
        let measured = try knownCosts[key] ?? (rows, ready().adapters.measureCosts(of: part, rows: rows))
        knownCosts[key] = measured
        if knownCosts.count > 64 { knownCosts = [key: measured] }
        var costs = measured.costs
        costs.branchSeconds *= Double(rows) / Double(max(measured.rows, 1))
        return costs
    }

    private func key(of part: [BlendEntry]) throws -> AdapterPlanner.Key {
        AdapterPlanner.Key(
            try part.map { entry in
                AdapterPlanner.Key.Member(
                    identity: try identity(of: entry.name),
                    weight: entry.weight.value(at: 0),
                    groups: entry.groups
                )
            }
        )
    }

    /// What tells a resident adapter from every other: its file, unchanged since it was loaded, and what its configuration
    /// makes of it.
    ///
    /// No byte of the tensors is read for it: the first request of a large adapter would wait for the whole file.
    private func identity(of name: String) throws -> String {
        if let known = identities[name] { return known }
        guard let description = try ready().adapters[name]?.description, let origin = residency.origin(of: name) else {
            throw EngineError.unknownAdapter(name, resident: try adapterNames)
        }
        var hash = SHA256()
        // Without a fingerprint nobody can tell whether two names stand for one file.
        hash.update(data: Array("\(description.file.path)\n\(origin.fingerprint?.text ?? name)\n".utf8))
        for module in description.modules.sorted(by: { $0.path.text < $1.path.text }) {
            hash.update(
                data: Array(
                    "\(module.path.text) \(module.kind) \(module.scale) \(module.rotation.map { "\($0)" } ?? "")\n".utf8
                )
            )
        }
        let identity = hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        identities[name] = identity
        return identity
    }

    /// The entries of a request's blend.
    func entries(
        _ adapters: [(name: String, reference: AdapterReference)],
        for request: MusicRequest
    ) throws -> [BlendEntry] {
        let model = try ready().model
        let whole = 0..<model.tokenCount(request)
        return adapters.map { name, reference in
            let positions = reference.span.map { model.tokens(of: $0, in: request) }
            return reference.entry(named: name, positions: positions == whole ? nil : positions)
        }
    }
}

extension BlendCosts {
    /// Of a set that is merged already, or whose way is not to be chosen.
    fileprivate static let free = BlendCosts(branchSeconds: 0, mergeSeconds: 0, mergedByteCount: 0)
}
