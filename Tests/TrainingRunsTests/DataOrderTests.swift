// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import TrainingRuns

@Suite("The order of the data")
struct DataOrderTests {
    private func order(
        _ count: Int,
        frames: Int = 100,
        _ change: (inout TrainingSettings) -> Void = { _ in }
    ) -> DataOrder {
        var settings = TrainingSettings()
        change(&settings)
        return DataOrder(samples: (0..<count).map { .init(name: "song \($0)", frames: frames) }, settings)
    }

    private func visits(_ order: DataOrder, _ epoch: Int) -> [DataOrder.Visit] {
        var coverage = ChunkCoverage()
        return order.batches(epoch: epoch, coverage: &coverage).flatMap { $0 }
    }

    @Test("Each epoch has every sample once, in an order of its own that the seed gives")
    func epochs() {
        let order = order(50)
        let (first, second) = (visits(order, 0), visits(order, 1))
        #expect(first.map(\.sample).sorted() == Array(0..<50))
        #expect(second.map(\.sample).sorted() == Array(0..<50))
        #expect(first != second)
        #expect(first.map(\.sample) != Array(0..<50))
        #expect(visits(self.order(50), 0) == first)
        #expect(visits(self.order(50) { $0.optimization.seed = 43 }, 0) != first)
        #expect(first.allSatisfy { $0.start == 0 && $0.frames == 100 })
    }

    @Test("The order of a seed is the same in every version of the program")
    func fixed() {
        // A resumed run depends on these numbers: they may never change.
        #expect(visits(order(10), 0).map(\.sample) == [5, 7, 6, 4, 9, 3, 0, 2, 8, 1])
        #expect(visits(order(10), 1).map(\.sample) == [1, 6, 7, 5, 4, 8, 2, 9, 3, 0])
        let crops = order(4, frames: 1000) { $0.data.maximumLatentLength = 200 }
        #expect(visits(crops, 0).map(\.start) == [584, 683, 134, 520])
        #expect(order(10) { $0.data.validationShare = 0.3 }.validation == [2, 4, 8])
    }

    @Test("Batches hold what they should, the last what is left; steps count the last group")
    func batches() {
        let order = order(10) { $0.optimization.batchSize = 4 }
        var coverage = ChunkCoverage()
        #expect(order.batches(epoch: 0, coverage: &coverage).map(\.count) == [4, 4, 2])
        #expect(order.batchesPerEpoch == 3)
        #expect(order.stepsPerEpoch(accumulation: 2) == 2)
        #expect(order.stepsPerEpoch(accumulation: 8) == 1)
        #expect(self.order(10) { $0.data.repeats = 3 }.batchesPerEpoch == 30)
        #expect(self.order(0).stepsPerEpoch(accumulation: 4) == 1)
    }

    @Test("Where lengths must not be mixed, a batch has one, and every sample still comes once")
    func lengths() {
        var settings = TrainingSettings()
        settings.optimization.batchSize = 4
        settings.data.repeats = 2
        let samples = (0..<23).map { DataOrder.Sample(name: "song \($0)", frames: $0 % 3 == 0 ? 100 : 150) }
        let order = DataOrder(samples: samples, settings, groupsByLength: true)
        var coverage = ChunkCoverage()
        let batches = order.batches(epoch: 0, coverage: &coverage)
        #expect(batches.count == order.batchesPerEpoch)
        #expect(batches.count == 4 + 8)
        #expect(batches.flatMap { $0 }.map(\.sample).sorted() == (0..<23).flatMap { [$0, $0] })
        for batch in batches { #expect(Set(batch.map(\.frames)).count == 1 && batch.count <= 4) }
        // Neither length is kept for the end.
        #expect(Set(batches.prefix(6).map { $0[0].frames }) == [100, 150])
        #expect(order.batches(epoch: 1, coverage: &coverage) != batches)
    }

    @Test("Validation takes its share once, apart from training, whatever the repeats")
    func validation() {
        let order = order(10) {
            $0.data.validationShare = 0.25
            $0.data.repeats = 2
        }
        #expect(order.validation.count == 2)
        #expect(Set(order.training).isDisjoint(with: order.validation))
        #expect((order.training + order.validation).sorted() == Array(0..<10))
        #expect(visits(order, 0).count == 16)
        #expect(Set(visits(order, 0).map(\.sample)) == Set(order.training))
        #expect(self.order(10) { $0.data.validationShare = 0.01 }.validation.count == 1)
        #expect(self.order(1) { $0.data.validationShare = 0.5 }.validation.isEmpty)
    }

    @Test("Crops stay inside their song, and every position can be drawn, the last one too")
    func crops() {
        let order = order(3, frames: 12) { $0.data.maximumLatentLength = 10 }
        var coverage = ChunkCoverage()
        var starts: Set<Int> = []
        for epoch in 0..<60 {
            for visit in order.batches(epoch: epoch, coverage: &coverage).flatMap({ $0 }) {
                #expect(visit.frames == 10)
                starts.insert(visit.start)
            }
        }
        #expect(starts == [0, 1, 2])
        let seconds = self.order(1, frames: 2000) { $0.data.chunkDuration = 60 }
        #expect(visits(seconds, 0).first?.frames == 1500)
        #expect(visits(self.order(1, frames: 5) { $0.data.maximumLatentLength = 10 }, 0).first?.frames == 5)
    }

    @Test("Crops cover a song evenly")
    func coverage() throws {
        let order = order(1, frames: 3300) {
            $0.data.maximumLatentLength = 100
            $0.data.chunkDecayInterval = 0
            $0.data.repeats = 320
        }
        var coverage = ChunkCoverage()
        _ = order.batches(epoch: 0, coverage: &coverage)
        let counts = try #require(coverage.histograms["song 0"])
        #expect(counts.count == 32)
        #expect(counts.reduce(0, +) == 320)
        #expect(counts.allSatisfy { (5...16).contains($0) }, "drawn blindly, some bin would have far more: \(counts)")
    }

    @Test("Counts are halved every so many epochs, once")
    func decay() {
        let order = order(1, frames: 300) {
            $0.data.maximumLatentLength = 100
            $0.data.chunkDecayInterval = 2
            $0.data.repeats = 64
        }
        var coverage = ChunkCoverage()
        func total() -> Int { coverage.histograms["song 0"]?.reduce(0, +) ?? 0 }
        _ = order.batches(epoch: 0, coverage: &coverage)
        _ = order.batches(epoch: 1, coverage: &coverage)
        #expect(total() == 128)
        #expect(coverage.lastDecayEpoch == 0)
        _ = order.batches(epoch: 2, coverage: &coverage)
        #expect(coverage.lastDecayEpoch == 2)
        #expect(total() <= 64 + 64)
        let before = coverage
        var again = coverage
        _ = order.batches(epoch: 2, coverage: &again)
        #expect(
            (again.histograms["song 0"]?.reduce(0, +) ?? 0) == (before.histograms["song 0"]?.reduce(0, +) ?? 0) + 64
        )
    }

    @Test("An epoch that is built again from its state is the same")
    func rebuilt() throws {
        let order = order(7, frames: 1000) {
            $0.data.maximumLatentLength = 128
            $0.optimization.batchSize = 2
        }
        var coverage = ChunkCoverage()
        for epoch in 0..<12 { _ = order.batches(epoch: epoch, coverage: &coverage) }
        var restored = try JSONDecoder().decode(ChunkCoverage.self, from: JSONEncoder().encode(coverage))
        #expect(restored == coverage)
        #expect(order.batches(epoch: 12, coverage: &restored) == order.batches(epoch: 12, coverage: &coverage))
        #expect(restored == coverage)
    }

    @Test("Counts of another tool's bins, or below zero, do no harm")
    func foreign() throws {
        let text = """
            {"histograms": {"song 0": [1, 2, 3], "song 1": [\(Array(repeating: "-5", count: 32).joined(separator: ","))]},
             "last_decay_epoch": -3}
            """
        var coverage = try JSONDecoder().decode(ChunkCoverage.self, from: Data(text.utf8))
        let order = order(2, frames: 1000) { $0.data.maximumLatentLength = 128 }
        let visits = order.batches(epoch: 3, coverage: &coverage).flatMap { $0 }
        #expect(visits.allSatisfy { $0.start >= 0 && $0.start + $0.frames <= 1000 })
        #expect(coverage.histograms["song 0"]?.count == 32)
    }
}
