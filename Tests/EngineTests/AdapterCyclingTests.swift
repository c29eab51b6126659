// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Engine
import Foundation
import TestSupport
import Testing
import Torch

@Suite("Adapters coming and going")
struct AdapterCyclingTests {
    /// In a process of its own, since the live tensors of other tests would be counted too.
    @Test("Whatever adapters did, the base is the same bits, and neither tensors nor memory pile up")
    func randomOperations() async throws {
        await #expect(processExitsWith: .success) {
            let environment = ProcessInfo.processInfo.environment
            let count = environment["LUMINA_SOAK"] == "1" ? 10_000 : environment["LUMINA_SLOW"] == "1" ? 3000 : 300
            try await AdapterCycling.check(count, mode: .factors)
        }
    }

    @Test("The same where each blend is merged into copies, of which few find room")
    func mergedOperations() async throws {
        await #expect(processExitsWith: .success) {
            let environment = ProcessInfo.processInfo.environment
            let count = environment["LUMINA_SOAK"] == "1" ? 10_000 : environment["LUMINA_SLOW"] == "1" ? 1500 : 150
            try await AdapterCycling.check(count, mode: .merged)
        }
    }
}

/// Random loading, blending, generating and unloading, with the base's bits looked at in between.
struct AdapterCycling {
    private let engine: MusicEngine
    private let expected: [UInt32]
    private var random: SeededGenerator
    private var loaded: [String] = []
    /// How often the base was compared.
    private(set) var restorations = 0

    private static let request = EngineFixture.request()

    /// Loads the engine and remembers what the base makes.
    init(seed: UInt64, mode: AdapterMode) async throws {
        engine = try await EngineFixture.load(mode: mode, mergedBudget: 100_000)
        expected = try await engine.generate(Self.request).bits
        random = SeededGenerator(seed: seed)
    }

    /// Takes so many random steps, a third of them before memory is looked at first.
    static func check(_ count: Int, mode: AdapterMode) async throws {
        var story = try await AdapterCycling(seed: 1, mode: mode)
        try await story.run(count / 3)
        let (tensors, bytes) = (TorchRuntime.liveTensorCount, residentBytes())
        try await story.run(count - count / 3)
        #expect(TorchRuntime.liveTensorCount == tensors)
        #expect(residentBytes() - bytes < 48 << 20, "resident memory grew")
        #expect(story.restorations > count / 10, "the base was asked for too seldom")
    }

    /// Takes so many random steps, then leaves nothing loaded.
    mutating func run(_ count: Int) async throws {
        for _ in 0..<count {
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where loaded.count < 4: try await load()
            case 1 where !loaded.isEmpty: try await unload()
            case 2, 3: try await blend()
            default: try await compare()
            }
        }
        while !loaded.isEmpty { try await unload() }
        try await compare()
    }

    private mutating func load() async throws {
        let name = "adapter-\(random.next())"
        let source = Bool.random(using: &random) ? "lora" : "pattern"
        try await engine.loadAdapter(EngineFixture.adapter(source), name: name)
        loaded.append(name)
    }

    private mutating func unload() async throws {
        try await engine.unloadAdapter(loaded.remove(at: Int.random(in: loaded.indices, using: &random)))
    }

    private mutating func blend() async throws {
        let chosen = loaded.shuffled(using: &random).prefix(Int.random(in: 0...4, using: &random))
        let blend = chosen.map { AdapterReference($0, weight: Double.random(in: -2...2, using: &random)) }
        let bits = try await engine.generate(Self.request, adapters: blend).bits
        #expect((bits == expected) == blend.isEmpty, "\(blend)")
    }

    private mutating func compare() async throws {
        #expect(try await engine.generate(Self.request).bits == expected)
        restorations += 1
    }

    /// What of this process is in memory; 0 where the system does not say.
    static func residentBytes() -> Int {
        guard let statistics = FileManager.default.contents(atPath: "/proc/self/statm") else { return 0 }
        let fields = String(decoding: statistics, as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
