// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats

/// An adapter of a blend that is baked into a checkpoint.
public struct WeightedAdapter: Sendable {
    /// The adapter.
    public let description: AdapterDescription
    /// How strongly it acts: 1 as it was trained, 0 not at all, any real number.
    public let weight: Double

    /// Names both.
    public init(_ description: AdapterDescription, weight: Double) {
        self.description = description
        self.weight = weight
    }
}
