// SPDX-License-Identifier: Apache-2.0

import Foundation
import Torch

/// First values of the embeddings of numbers: near numbers begin near each other.
///
/// A prompt says a tempo by one token of some seventy. Drawn one by one, each would have to be learnt by itself, of the few songs
/// that have it; as points of smooth curves they begin as what they are, and what is learnt of one holds for its neighbours.
struct NumberEmbedding {
    /// The numbers over which the slowest curve makes half a turn.
    private static let scale = 70.0
    /// Half turns that each next pair of curves makes more.
    private static let increment = 0.5
    /// Curves of one speed, each with a phase of its own.
    private static let curvesPerSpeed = 8

    private let speeds: [Double]
    private let phases: [Double]

    /// Draws the curves.
    ///
    /// - Parameters:
    ///   - width: channels of the embedding.
    ///   - generator: where phases come from.
    /// - Throws: `TorchError` if there is no memory for them.
    init(width: Int, generator: Generator) throws {
        speeds = (0..<width).map { Self.increment * Double(1 + $0 / (2 * Self.curvesPerSpeed)) }
        phases = try Tensor.rand([max(width, 1)], generator: generator).doubles().map { 2 * Double.pi * $0 }
    }

    /// A number's vector, of mean square one.
    func vector(_ number: Int) -> [Float] {
        zip(speeds, phases).map { speed, phase in
            Float(2.0.squareRoot() * sin(Double.pi * speed * Double(number) / Self.scale + phase))
        }
    }
}
