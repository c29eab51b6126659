// SPDX-License-Identifier: Apache-2.0

/// How OFT's stored vectors become rotations; the defaults are those of PEFT 0.21.2.
public struct RotationSettings: Sendable, Hashable {
    /// `use_cayley_neumann`: a series in place of the exact Cayley transform, whose sign is the opposite.
    public var usesSeries = true
    /// `num_cayley_neumann_terms`: the terms of the series, the identity included.
    public var termCount = 5
    /// `eps` where `coft` is set: the largest norm that all blocks may have together.
    ///
    /// Nil if it is not bounded.
    public var largestNorm: Double?
    /// `block_share`: one rotation turns every block.
    public var isShared = false

    /// More terms change nothing in float32 for any rotation that training reaches.
    package static let maximumTermCount = 1000

    /// PEFT's defaults.
    public init() {}
}
