// SPDX-License-Identifier: Apache-2.0

import Torch

/// The conditions of a run's pieces, filled up to the longest.
struct EncodedBatch {
    /// `[items, length, hidden]`.
    let conditions: Tensor
    /// Real positions of each item.
    let lengths: [Int]
    /// Each item's tokens.
    let tokens: [MusicModel.Tokens]
}

extension MusicModel {
    /// Encodes the prompts of a run, each different one once.
    func encode(_ run: GenerationRun) throws -> EncodedBatch {
        var known: [Prompt: (tokens: Tokens, conditions: Tensor)] = [:]
        let entries = try run.items.map { item in
            let prompt = Prompt(item.request)
            if let entry = known[prompt] { return entry }
            let tokens = try tokens(of: prompt)
            let entry = (tokens: tokens, conditions: try conditions(of: tokens))
            known[prompt] = entry
            return entry
        }
        return EncodedBatch(
            conditions: try Self.filled(entries.map(\.conditions)),
            lengths: entries.map { $0.conditions.dimension(1) },
            tokens: entries.map(\.tokens)
        )
    }

    /// Sequences `[1, length, channels]` one below the other, the shorter ones followed by zeros.
    static func filled(_ sequences: [Tensor]) throws -> Tensor {
        let longest = sequences.map { $0.dimension(1) }.max() ?? 0
        let rows = try sequences.map { sequence in
            let missing = longest - sequence.dimension(1)
            return missing == 0 ? sequence : try sequence.pad([0, 0, 0, missing])
        }
        return rows.count == 1 ? rows[0] : try Tensor.cat(rows, dimension: 0)
    }
}
