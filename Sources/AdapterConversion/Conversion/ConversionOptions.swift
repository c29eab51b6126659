// SPDX-License-Identifier: Apache-2.0

public import Checkpoints

/// What may be chosen about a conversion.
public struct ConversionOptions: Sendable {
    /// Where the adapter is to be used.
    public var target: ConversionTarget
    /// Approximates by a LoRA of this rank what the target cannot say; nil refuses it.
    public var approximationRank: Int?
    /// The type of tensors that have to be computed; nil takes the adapter's own.
    public var dtype: StoredDType?
    /// Leaves out tensors that mean nothing and modules that the base lacks.
    public var allowPartial: Bool
    /// A number for each layer by which the written file may differ; nil takes what the types' rounding explains.
    public var tolerance: Double?

    /// Chooses the target, and nothing else.
    public init(
        target: ConversionTarget,
        approximationRank: Int? = nil,
        dtype: StoredDType? = nil,
        allowPartial: Bool = false,
        tolerance: Double? = nil
    ) {
        self.target = target
        self.approximationRank = approximationRank
        self.dtype = dtype
        self.allowPartial = allowPartial
        self.tolerance = tolerance
    }
}
