// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Engine
import TestSupport

/// An engine over the model's fixtures and what the tests ask of it.
enum EngineFixture {
    /// The directory of the fixtures' checkpoints.
    static var model: String { TestProducts.modelFixture("checkpoints") }

    /// An adapter of the fixtures.
    static func adapter(_ name: String) -> String { TestProducts.modelFixture("adapters/" + name) }

    /// Loads a variant in float32, on one thread: on these sizes a second one only waits.
    ///
    /// Adapters are computed in a given way, so that what is asked for twice is the same bits.
    static func load(
        _ variant: String? = "turbo",
        path: String? = nil,
        mode: AdapterMode = .factors,
        mergedBudget: Int = 1 << 30
    ) async throws -> MusicEngine {
        var configuration = MusicEngine.Configuration(
            model: path ?? model,
            variant: variant,
            device: "cpu",
            dtype: "float32",
            threads: 1,
            adapterMode: mode
        )
        configuration.mergedBudget = mergedBudget
        return try await MusicEngine.load(configuration)
    }

    /// A request that takes no time.
    static func request(steps: Int = 1, seed: UInt64 = 7) -> MusicRequest {
        MusicRequest(tags: "jazz", duration: 0.2, steps: steps, seed: seed)
    }
}

extension EngineResult {
    /// The bits of the first piece's samples.
    var bits: [UInt32] { pieces.first?.audio.samples.map(\.bitPattern) ?? [] }
}
