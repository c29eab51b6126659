// SPDX-License-Identifier: Apache-2.0

import Attribution
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Units of a study")
struct StudyPlanTests {
    private func plan(trainings: [StudiedAdapter] = [.all, .without("a"), .without("b")]) -> StudyPlan {
        StudyPlan(trainings: trainings, compared: [.without("a"), .without("b")], promptCount: 2)
    }

    @Test("Nothing begins before what it needs; everything comes once, in whatever order units end", arguments: 0..<50)
    func order(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var plan = plan()
        var (done, running): ([StudyUnit], [StudyUnit]) = ([], [])
        while !plan.isFinished {
            // Up to three work at once; now and then one dies and its unit is free again.
            while running.count < 3, let next = plan.ready.randomElement(using: &random) {
                for need in plan.needs(of: next) { #expect(done.contains(need), "\(next.name) needs \(need.name)") }
                plan.claim(next)
                #expect(!plan.ready.contains(next))
                running.append(next)
            }
            let ended = running.remove(at: Int.random(in: 0..<running.count, using: &random))
            if Int.random(in: 0..<5, using: &random) == 0 {
                plan.release(ended)
                #expect(plan.ready.contains(ended))
            } else {
                plan.finish(ended)
                done.append(ended)
            }
        }
        #expect(Set(done) == Set(plan.units) && done.count == plan.units.count)
        #expect(done.count == 3 + 2 * 3 && plan.ready.isEmpty)
    }

    @Test("Adapters that are given are waited for by nobody")
    func given() {
        let plan = plan(trainings: [.without("b")])
        #expect(plan.ready == [.training(.without("b")), .reference(prompt: 0), .reference(prompt: 1)])
        #expect(plan.needs(of: .comparison(.without("a"), prompt: 1)) == [.reference(prompt: 1)])
        #expect(Set(plan.units.map(\.name)).count == plan.units.count)
    }

    @Test("Finished units are found again, those of other ingredients are refused, damaged marks named")
    func marks() throws {
        let directory = try TemporaryDirectory()
        let folder = StudyFolder(root: directory.path(of: "study/"))
        let unit = StudyUnit.comparison(.without("a"), prompt: 0)
        #expect(try folder.mark(of: unit, fingerprint: "x") == nil)
        let mark = StudyFolder.Mark(
            fingerprint: "x",
            seconds: 2.5,
            results: [.init(distances: [0.1, 1e-30], errors: [0, 0])],
            parameters: ["shift": 3]
        )
        try folder.finish(unit, mark)
        #expect(try folder.mark(of: unit, fingerprint: "x") == mark)
        #expect(throws: AttributionError.stale(unit: unit.name, path: directory.path(of: "study"))) {
            try folder.mark(of: unit, fingerprint: "y")
        }
        try folder.forget(unit)
        #expect(try folder.mark(of: unit, fingerprint: "y") == nil)
        try directory.write("{", to: "study/finished/\(unit.name).json")
        let error = #expect(throws: AttributionError.self) { try folder.mark(of: unit, fingerprint: "x") }
        #expect("\(error as Any)".contains("\(unit.name).json"))
    }

    @Test("A training's state is only gone on with by the same training; forgetting removes it")
    func begun() throws {
        let directory = try TemporaryDirectory()
        let folder = StudyFolder(root: directory.path(of: "study"))
        try folder.begin(.all, fingerprint: "x")
        try folder.begin(.all, fingerprint: "x")
        #expect(throws: AttributionError.self) { try folder.begin(.all, fingerprint: "y") }
        try TemporaryDirectory.create(folder.training(.all) + "/checkpoints")
        try folder.forget(.training(.all))
        #expect(!FileManager.default.fileExists(atPath: folder.training(.all)))
        try folder.begin(.all, fingerprint: "y")
        try directory.write("", to: "file")
        #expect(throws: AttributionError.self) {
            try StudyFolder(root: directory.path(of: "file/study")).begin(.all, fingerprint: "x")
        }
        #expect(throws: AttributionError.self) {
            _ = try StudyFolder(root: directory.path(of: "file")).claim(.training(.all))
        }
    }

    @Test("A unit is claimed by one at a time, whoever asks, and free when its claim ends")
    func claims() async throws {
        let directory = try TemporaryDirectory()
        let folder = StudyFolder(root: directory.path(of: "study"))
        let unit = StudyUnit.training(.all)
        func isFree(_ unit: StudyUnit) throws -> Bool {
            if let claim = try folder.claim(unit) {
                claim.release()
                return true
            }
            return false
        }
        if let claim = try folder.claim(unit) {
            let (own, other) = (try isFree(unit), try isFree(.reference(prompt: 0)))
            #expect(!own && other)
            claim.release()
        } else {
            Issue.record("nobody has it")
        }
        let after = try isFree(unit)
        #expect(after)
        // Many at once: never two inside.
        let inside = Inside()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var rounds = 0
                    while rounds < 20 {
                        guard let claim = try folder.claim(unit) else {
                            await Task.yield()
                            continue
                        }
                        inside.count.withLock { count in
                            count += 1
                            #expect(count == 1)
                        }
                        await Task.yield()
                        inside.count.withLock { $0 -= 1 }
                        claim.release()
                        rounds += 1
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("Fingerprints tell lists apart that read the same when joined")
    func fingerprints() {
        let lists = [[], [""], ["ab"], ["a", "b"], ["a\n1:b"], ["a", "", "b"], ["b", "a"]]
        #expect(Set(lists.map { Fingerprint.of($0) }).count == lists.count)
        #expect(Fingerprint.of(["a", "b"]) == Fingerprint.of(["a", "b"]) && Fingerprint.of([]).count == 32)
    }

    /// How many have claimed a unit.
    private final class Inside: Sendable {
        let count = Mutex(0)
    }
}
