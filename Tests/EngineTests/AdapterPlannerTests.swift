// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Adapters
import Audio
import Engine
import TestSupport
import Testing

@Suite("Planning how adapters are computed")
struct AdapterPlannerTests {
    private static let key = AdapterPlanner.Key([.init(identity: "a", weight: 1, groups: GroupScales())])

    private func situation(
        branches: Double,
        merging: Double,
        passes: Int = 8,
        isKept: Bool = false,
        budget: Int = 100
    ) -> AdapterPlanner.Situation {
        .init(
            costs: BlendCosts(branchSeconds: branches, mergeSeconds: merging, mergedByteCount: 50),
            passes: passes,
            isKept: isKept,
            budget: budget
        )
    }

    @Test("A request merges where its own steps pay for it")
    func pays() {
        var planner = AdapterPlanner()
        #expect(planner.choose(Self.key, in: situation(branches: 0.2, merging: 1)) == .merged)
        planner = AdapterPlanner()
        #expect(planner.choose(Self.key, in: situation(branches: 0.1, merging: 1)) == .factors)
        #expect(planner.choose(Self.key, in: situation(branches: 0.1, merging: 1, passes: 50)) == .merged)
    }

    @Test("A set that keeps being asked for is merged once its branches have cost as much, others are not")
    func pastRequests() {
        var planner = AdapterPlanner()
        let other = AdapterPlanner.Key([.init(identity: "a", weight: 0.5, groups: GroupScales())])
        let cheap = situation(branches: 0.05, merging: 1)
        #expect((0..<2).map { _ in planner.choose(Self.key, in: cheap) } == [.factors, .factors])
        #expect(planner.choose(other, in: cheap) == .factors)
        #expect(planner.choose(Self.key, in: cheap) == .merged)
        #expect(planner.choose(Self.key, in: cheap) == .factors, "if its copy had to go, it starts again")
    }

    @Test("A copy that is there is used, one that does not fit is not made")
    func memory() {
        var planner = AdapterPlanner()
        #expect(planner.choose(Self.key, in: situation(branches: 1e-6, merging: 1, isKept: true)) == .merged)
        #expect(planner.choose(Self.key, in: situation(branches: 10, merging: 1, budget: 49)) == .factors)
        #expect(planner.choose(Self.key, in: situation(branches: 10, merging: 1, budget: 50)) == .merged)
    }

    @Test("The total is never above twice the better choice's, however many requests come", arguments: 0..<20)
    func competitive(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var planner = AdapterPlanner()
        let merging = Double.random(in: 0.1...3, using: &generator)
        var (spent, branches, isKept) = (0.0, 0.0, false)
        for _ in 0..<Int.random(in: 1...40, using: &generator) {
            let one = Double.random(in: 0.001...0.1, using: &generator)
            let mode = planner.choose(Self.key, in: situation(branches: one, merging: merging, isKept: isKept))
            branches += 8 * one
            spent += mode == .factors ? 8 * one : isKept ? 0 : merging
            isKept = isKept || mode == .merged
            #expect(spent <= 2 * min(branches, max(merging, AdapterPlanner.leastSeconds)) + 1e-9)
        }
    }

    @Test("What the user wants comes before the costs")
    func wanted() {
        var merging = AdapterPlanner(wanted: .merged)
        #expect(merging.choose(Self.key, in: situation(branches: 0, merging: 9)) == .merged)
        var factors = AdapterPlanner(wanted: .factors)
        #expect(factors.choose(Self.key, in: situation(branches: 9, merging: 0, isKept: true)) == .factors)
    }
}

@Suite("Merged copies in the engine")
struct MergedEngineTests {
    private static let request = MusicRequest(tags: "jazz", lyrics: "la la", duration: 1.32, steps: 3, seed: 7)

    private func engine(
        _ costs: BlendCosts?,
        mode: AdapterMode? = nil,
        adapterBudget: Int? = nil,
        mergedBudget: Int? = nil
    ) async throws -> MusicEngine {
        var configuration = MusicEngine.Configuration(
            model: EngineFixture.model,
            variant: "turbo",
            device: "cpu",
            dtype: "float32",
            threads: 1,
            adapterBudget: adapterBudget,
            adapterMode: mode
        )
        configuration.adapterCosts = costs
        if let mergedBudget { configuration.mergedBudget = mergedBudget }
        return try await MusicEngine.load(configuration)
    }

    private static let cheapToMerge = BlendCosts(branchSeconds: 1, mergeSeconds: 0.1, mergedByteCount: 1000)
    private static let dearToMerge = BlendCosts(branchSeconds: 0.001, mergeSeconds: 100, mergedByteCount: 1000)

    private func agree(_ left: EngineResult, _ right: EngineResult) -> Bool {
        zip(left.pieces[0].audio.samples, right.pieces[0].audio.samples).allSatisfy { abs($0 - $1) < 1e-4 }
    }

    @Test(
        "Costs decide, the music is the same up to rounding, and only the result's timings tell",
        arguments: WideAdapter.allCases
    )
    func flips(family: WideAdapter) async throws {
        let directory = try TemporaryDirectory()
        let path = try family.write(to: directory, name: "a", seed: 2)
        let merging = try await engine(Self.cheapToMerge)
        let merged = try await merging.generate(Self.request, adapters: [.init(path, weight: 0.7)])
        let factors = try await engine(Self.dearToMerge).generate(Self.request, adapters: [.init(path, weight: 0.7)])
        #expect((merged.adapterMode, factors.adapterMode) == (.merged, .factors))
        #expect(agree(merged, factors))
        let base = try await engine(nil).generate(Self.request)
        #expect(base.adapterMode == nil)
        #expect(!agree(base, merged))
        #expect(try await merging.generate(Self.request).bits == base.bits, "the base is untouched")
        let again = try await merging.generate(Self.request, adapters: [.init(path, weight: 0.7)])
        #expect(again.bits == merged.bits)
    }

    @Test("Spans, curves and mixed batches stay branches on top of what is merged")
    func partial() async throws {
        let directory = try TemporaryDirectory()
        let paths = try [WideAdapter.lora, .oft, .loha].map {
            try $0.write(to: directory, name: $0.rawValue, seed: 4)
        }
        let curve = try #require(StrengthCurve([.init(progress: 0, weight: 1), .init(progress: 1, weight: 0.2)]))
        let requests = [
            EngineRequest(
                Self.request,
                adapters: [
                    .init(paths[0], weight: 0.6), .init(paths[1], weight: 0.5, span: try SongSpan(from: 0.3, to: 0.8)),
                    .init(paths[2], curve: curve),
                ]
            ),
            EngineRequest(
                MusicRequest(tags: "rock", duration: 0.9, steps: 3, seed: 3),
                adapters: [.init(paths[0], weight: 0.6), .init(paths[2], weight: 0.2)]
            ),
        ]
        let merged = try await engine(Self.cheapToMerge).generate(batch: requests)
        let factors = try await engine(Self.dearToMerge).generate(batch: requests)
        #expect(merged.map(\.adapterMode) == [.merged, .merged])
        #expect(factors.map(\.adapterMode) == [.factors, .factors])
        for (left, right) in zip(merged, factors) { #expect(agree(left, right)) }
        let varying = try await engine(Self.cheapToMerge)
            .generate(Self.request, adapters: [.init(paths[0], curve: curve)])
        #expect(varying.adapterMode == .factors, "nothing is constant")
    }

    @Test("What is measured is above nothing, and the bytes are those of the copy", arguments: WideAdapter.allCases)
    func measured(family: WideAdapter) async throws {
        let engine = try await engine(nil, mode: .merged)
        let directory = try TemporaryDirectory()
        let path = try family.write(to: directory, name: "a", seed: 2)
        let name = try await engine.loadAdapter(path, name: "a").name
        let adapters = [(name: name, reference: AdapterReference("a", weight: 0.5))]
        let costs = try await engine.measureCosts(of: adapters, for: Self.request)
        #expect(costs.branchSeconds > 0)
        #expect(costs.mergeSeconds > 0)
        _ = try await engine.generate(Self.request, adapters: [.init("a", weight: 0.5)])
        // Biases that adapters add come on top.
        let kept = await engine.mergedCopies.byteCount
        #expect((costs.mergedByteCount...costs.mergedByteCount * 11 / 10).contains(kept))
        var planner = AdapterPlanner()
        let key = AdapterPlanner.Key([.init(identity: "a", weight: 1, groups: GroupScales())])
        let many = Int(1 + (costs.mergeSeconds + 1) / costs.branchSeconds)
        #expect(planner.choose(key, in: .init(costs: costs, passes: many, isKept: false, budget: kept)) == .merged)
        planner = AdapterPlanner()
        #expect(planner.choose(key, in: .init(costs: costs, passes: 0, isKept: false, budget: kept)) == .factors)
    }

    @Test("A copy whose making is cancelled is not kept")
    func cancelled() async throws {
        let engine = try await engine(nil, mode: .merged)
        let path = EngineFixture.adapter("lora")
        let run = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await engine.generate(Self.request, adapters: [.init(path)])
        }
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(await engine.mergedCopies.count == 0)
    }

    @Test("Copies keep within their budget, go before resident adapters do, and are found again by content")
    func budget() async throws {
        let path = EngineFixture.adapter("lora")
        let probe = try await engine(Self.cheapToMerge)
        _ = try await probe.generate(Self.request, adapters: [.init(path)])
        let size = await probe.mergedCopies.byteCount
        let adapterSize = try await probe.loadAdapter(path, name: "probe").byteCount
        #expect(size > 0)
        let small = try await engine(Self.cheapToMerge, mergedBudget: size * 3 / 2)
        for weight in [0.5, 0.6, 0.5, 0.7] {
            let result = try await small.generate(Self.request, adapters: [.init(path, weight: weight)])
            #expect(result.adapterMode == .merged)
            #expect(await small.mergedCopies == (1, size))
        }
        try await small.loadAdapter(path, name: "other")
        let renamed = try await small.generate(Self.request, adapters: [.init("other", weight: 0.7)])
        #expect(renamed.adapterMode == .merged)
        try await small.unloadAdapter("lora")
        #expect(await small.mergedCopies == (1, size), "the other one has the same contents")
        try await small.unloadAdapter("other")
        #expect(await small.mergedCopies == (0, 0))
        // Room for the adapters and one copy; a second adapter takes the copy's.
        let shared = try await engine(Self.cheapToMerge, adapterBudget: size + adapterSize + 1, mergedBudget: 1 << 30)
        _ = try await shared.generate(Self.request, adapters: [.init(path)])
        #expect(await shared.mergedCopies.count == 1)
        try await shared.loadAdapter(path, name: "second")
        #expect(try await shared.adapterNames == ["lora", "second"])
        #expect(await shared.mergedCopies.count == 0)
    }
}
