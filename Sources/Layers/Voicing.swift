// SPDX-License-Identifier: Apache-2.0

public import Torch

/// Which weights act where on a batch, where adapters act on parts of the sequence.
///
/// A voice is one item of the batch under one blend. The positions of an item are cut into runs, each of which has a voice;
/// two runs may share one. Layers that read positions compute each run under its voice's blend. Layers that read what has no
/// positions, such as conditions and times, compute one row for each voice, and each run uses its voice's row.
public struct Voicing: Sendable, Equatable {
    /// Neighbouring positions under one blend.
    public struct Run: Sendable, Equatable {
        /// The voice, a row of the layers that read no positions.
        public let voice: Int
        /// Positions of the sequence; not empty.
        public let positions: Range<Int>

        /// Names both.
        public init(voice: Int, positions: Range<Int>) {
            self.voice = voice
            self.positions = positions
        }
    }

    /// Each item's runs, which cover the batch's positions in order.
    public let items: [[Run]]
    /// The item that each voice belongs to.
    public let itemOfVoice: [Int]

    /// Names both.
    public init(items: [[Run]], itemOfVoice: [Int]) {
        self.items = items
        self.itemOfVoice = itemOfVoice
    }

    /// Rows of items as rows of voices.
    ///
    /// - Parameter rows: `[items, ...]`.
    /// - Returns: `[voices, ...]`.
    /// - Throws: `TorchError` if there are fewer rows than items.
    public func voices(of rows: Tensor) throws(TorchError) -> Tensor {
        let places = try Tensor(itemOfVoice.map(Int64.init), shape: [itemOfVoice.count]).to(rows.device)
        return try rows.indexSelect(0, places)
    }

    /// For each position of the batch its voice, `[items · positions]`.
    ///
    /// - Parameter device: where the rows are that it is to choose from.
    /// - Returns: int64.
    /// - Throws: `TorchError` if the device has no memory for it.
    public func voiceOfPosition(device: Device) throws(TorchError) -> Tensor {
        let voices = items.joined().flatMap { Array(repeating: Int64($0.voice), count: $0.positions.count) }
        return try Tensor(voices, shape: [voices.count]).to(device)
    }
}
