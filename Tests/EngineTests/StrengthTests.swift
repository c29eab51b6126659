// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Adapters
import Audio
import Engine
import Foundation
import TestSupport
import Testing

@Suite("Strengths that change")
struct StrengthTests {
    private let request = MusicRequest(tags: "jazz", duration: 0.6, steps: 4, seed: 3)

    private func samples(_ engine: MusicEngine, _ adapters: [AdapterReference]) async throws -> [Float] {
        try await engine.generate(request, adapters: adapters).pieces[0].audio.samples
    }

    private func curve(_ points: [(Double, Double)]) throws -> StrengthCurve {
        try #require(StrengthCurve(points.map { .init(progress: $0.0, weight: $0.1) }))
    }

    @Test("A curve is straight between its points and level outside them")
    func interpolation() throws {
        let weight = AdapterWeight.curve(try curve([(0.25, 1), (0.75, 3)]))
        #expect([0, 0.25, 0.5, 0.75, 1].map { weight.value(at: $0) } == [1, 1, 2, 3, 3])
        #expect(weight.isVarying)
        #expect(!AdapterWeight.curve(try curve([(0, 2), (1, 2)])).isVarying)
    }

    @Test("Points out of order or out of range make no curve")
    func brokenCurves() {
        let broken: [[(Double, Double)]] = [
            [], [(0.5, 1), (0.5, 2)], [(0.7, 1), (0.2, 2)], [(-0.1, 1)], [(1.1, 1)], [(0, .nan)], [(.nan, 1)],
        ]
        for points in broken {
            #expect(StrengthCurve(points.map { .init(progress: $0.0, weight: $0.1) }) == nil)
        }
    }

    @Test("A level curve is the constant, a falling one is neither of its ends, and the base is untouched afterwards")
    func generation() async throws {
        let engine = try await MusicEngine.load(.init(dtype: "float32", adapterMode: .factors))
        let path = try EmbeddedModel.adapters()[0].directory
        let base = try await samples(engine, [])
        let full = try await samples(engine, [.init(path)])
        #expect(try await samples(engine, [.init(path, curve: curve([(0, 1), (1, 1)]))]) == full)
        let falling = try await samples(engine, [.init(path, curve: curve([(0, 1), (1, 0)]))])
        #expect(falling != full)
        #expect(falling != base)
        #expect(try await samples(engine, []) == base)
    }

    /// Keys and values of cross-attention are shared by the steps: a curve must reach them, too.
    @Test("A curve that is zero after the first step differs from one that is only zero on the last")
    func stepsAreSeparate() async throws {
        let engine = try await MusicEngine.load(.init(dtype: "float32", adapterMode: .factors))
        let path = try EmbeddedModel.adapters()[0].directory
        let early = try await samples(engine, [.init(path, curve: curve([(0, 1), (0.2, 0)]))])
        let late = try await samples(engine, [.init(path, curve: curve([(0.9, 1), (1, 0)]))])
        #expect(early != late)
    }

    @Test("Group scales of zero everywhere are the base; each group has an effect of its own")
    func groups() async throws {
        let engine = try await MusicEngine.load(.init(dtype: "float32", adapterMode: .factors))
        let path = try EmbeddedModel.adapters()[0].directory
        let base = try await samples(engine, [])
        let none = GroupScales(selfAttention: 0, crossAttention: 0, feedForward: 0)
        #expect(try await samples(engine, [.init(path, groups: none)]) == base)
        let own = try await samples(engine, [.init(path, groups: GroupScales(crossAttention: 0))])
        let cross = try await samples(engine, [.init(path, groups: GroupScales(selfAttention: 0))])
        #expect(own != cross)
        #expect(own != base)
        #expect(cross != base)
    }

    @Test("A request file names curves and groups, and says what is wrong with them")
    func requestFile() throws {
        let directory = try TemporaryDirectory()
        func read(_ adapter: String) throws -> RequestFile {
            let path = directory.path(of: "request.json")
            try Data(#"{"tags": "a", "adapters": [\#(adapter)]}"#.utf8).write(to: URL(fileURLWithPath: path))
            return try RequestFile(path: path)
        }
        let adapter = try read(#"{"ref": "x", "weight": [[0, 1], [1, 0.5]], "groups": {"self": 0.5, "mlp": 2}}"#)
            .adapters?[0]
        #expect(adapter?.curve?.points.map(\.weight) == [1, 0.5])
        #expect(adapter?.groups == GroupScales(selfAttention: 0.5, feedForward: 2))
        #expect(try read(#"{"ref": "x"}"#).adapters?[0].weight == 1)
        let part = try read(#"{"ref": "x", "weight": [[0, 1], [1, 0.5]], "span": [2, 4.5], "groups": {"self": 0.5}}"#)
            .adapters?[0]
        #expect(part?.span == (try SongSpan(from: 2, to: 4.5)))
        #expect(part?.curve != nil)
        for broken in ["[4, 2]", "[1, 1]", "[-1, 2]", "[1]", "[1, 2, 3]", "[]"] {
            let error = #expect(throws: EngineError.self) { try read(#"{"ref": "x", "span": \#(broken)}"#) }
            #expect(error?.description.contains("'adapters.span'") == true)
            #expect(error?.description.contains("request.json") == true)
        }
        let words = #expect(throws: EngineError.self) { try read(#"{"ref": "x", "span": "chorus"}"#) }
        #expect(words?.description.contains("span") == true)
        for broken in [
            #"{"ref": "x", "weight": "loud"}"#, #"{"ref": "x", "weight": [[0]]}"#,
            #"{"ref": "x", "weight": [[1, 1], [0, 1]]}"#,
            #"{"weight": 1}"#,
        ] {
            let error = #expect(throws: EngineError.self) { try read(broken) }
            #expect(error?.description.contains("adapters") == true || error?.description.contains("ref") == true)
        }
    }
}
