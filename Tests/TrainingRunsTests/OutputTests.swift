// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import TrainingRuns

@Suite("Folders of results")
struct OutputTests {
    private struct Failure: Error {}

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    @Test("A folder appears whole, replaces the old one whole, and leaves nothing beside it")
    func publish() throws {
        let directory = try TemporaryDirectory()
        let final = directory.path(of: "deep/final")
        try FolderPublication.publish(final) { folder in
            #expect(!FileManager.default.fileExists(atPath: final))
            try Data("one".utf8).write(to: URL(fileURLWithPath: folder + "/a"))
            try FileManager.default.createDirectory(atPath: folder + "/sub", withIntermediateDirectories: false)
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder + "/sub/b"))
        }
        #expect(text(final + "/a") == "one")
        try FolderPublication.publish(final) { folder in
            #expect(text(final + "/a") == "one", "the old one is whole until the new one is")
            try Data("two".utf8).write(to: URL(fileURLWithPath: folder + "/c"))
        }
        #expect(text(final + "/c") == "two")
        #expect(text(final + "/a") == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path(of: "deep")) == ["final"])
    }

    @Test("A failure leaves what was there")
    func failure() throws {
        let directory = try TemporaryDirectory()
        let best = directory.path(of: "best")
        try FolderPublication.publish(best) { try Data("old".utf8).write(to: URL(fileURLWithPath: $0 + "/a")) }
        #expect(throws: Failure.self) {
            try FolderPublication.publish(best) { folder in
                try Data("new".utf8).write(to: URL(fileURLWithPath: folder + "/a"))
                throw Failure()
            }
        }
        #expect(text(best + "/a") == "old")
        #expect(try directory.names() == ["best"])
    }

    @Test("What a killed run left is finished or removed")
    func recovery() throws {
        let directory = try TemporaryDirectory()
        for name in ["best.replaced", "final", "final.replaced", "epoch_5.unfinished", "epoch_4"] {
            try TemporaryDirectory.create(directory.path(of: name))
            try directory.write(name, to: name + "/a")
        }
        try FolderPublication.recover(in: directory.path)
        #expect(try directory.names() == ["best", "epoch_4", "final"])
        #expect(text(directory.path(of: "best/a")) == "best.replaced")
        #expect(text(directory.path(of: "final/a")) == "final")
        try FolderPublication.recover(in: directory.path(of: "none"))
    }

    @Test("Paths are the documented ones")
    func layout() {
        let layout = RunLayout(root: "/out/run/")
        #expect(layout.final == "/out/run/final")
        #expect(layout.best == "/out/run/best")
        #expect(layout.checkpoint(epoch: 10) == "/out/run/checkpoints/epoch_10")
        #expect(layout.progress == "/out/run/.progress.jsonl")
        #expect(layout.log(OutputSettings(), isResumed: false) == "/out/run/runs")
    }

    @Test("A named run gets the next free folder, and goes on in its last one")
    func logs() throws {
        let directory = try TemporaryDirectory()
        let layout = RunLayout(root: directory.path)
        var output = OutputSettings()
        output.runName = "my run/é"
        #expect(layout.log(output, isResumed: true) == directory.path(of: "runs"))
        #expect(layout.log(output, isResumed: false) == directory.path(of: "runs/my-run--_v0"))
        for number in [0, 1, 3] { try TemporaryDirectory.create(directory.path(of: "runs/my-run--_v\(number)")) }
        #expect(layout.log(output, isResumed: false) == directory.path(of: "runs/my-run--_v2"))
        #expect(layout.log(output, isResumed: true) == directory.path(of: "runs/my-run--_v3"))
        output.logDirectory = "/elsewhere"
        output.runName = ".."
        #expect(layout.log(output, isResumed: false) == "/elsewhere/run_v0")
    }

    @Test("The oldest checkpoints go, an interruption's when an epoch has outlived it")
    func retention() throws {
        let directory = try TemporaryDirectory()
        let layout = RunLayout(root: directory.path)
        for name in ["epoch_2", "epoch_10", "epoch_9", "epoch_x", "step_40", "step_90", "notes"] {
            try TemporaryDirectory.create(layout.checkpoints + "/" + name)
        }
        #expect(layout.savedCheckpoints().map(\.number) == [2, 9, 10, 40, 90])
        #expect(try layout.prune(keeping: 0, step: 80).isEmpty)
        let removed = try layout.prune(keeping: 2, step: 80)
        #expect(Set(removed) == [layout.checkpoint(epoch: 2), layout.interruption(step: 40)])
        #expect(layout.savedCheckpoints().map(\.number) == [9, 10, 90])
        #expect(try layout.prune(keeping: 1, step: 80, except: layout.checkpoint(epoch: 9)).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: layout.checkpoints).contains("notes"))
    }
}
