// SPDX-License-Identifier: Apache-2.0

/// The numbers of a run after defaults have been filled in.
public struct SamplingParameters: Sendable, Equatable {
    /// Denoising steps.
    public let steps: Int
    /// Guidance scale; 1 where guidance does not apply.
    public let guidance: Double
    /// Schedule shift.
    public let shift: Double
    /// What the user should know about the choice.
    public let warnings: [String]

    /// Fills in what a request leaves open.
    ///
    /// Hints come first (an adapter's file says what it was trained for), then the variant's defaults. Turbo models have
    /// guidance distilled into their weights and ignore it.
    public init(_ request: MusicRequest, variant: ModelConfiguration.Variant, hints: Hints = Hints()) {
        let defaults = Self.defaults(of: variant)
        steps = request.steps ?? hints.steps ?? defaults.steps
        shift = request.shift ?? hints.shift ?? defaults.shift
        var warnings: [String] = []
        let guidance = request.guidance ?? defaults.guidance
        if variant == .turbo, guidance > 1 {
            warnings.append("guidance \(guidance) is ignored: turbo models have it distilled into their weights")
            self.guidance = 1
        } else {
            self.guidance = guidance
        }
        if variant == .turbo, steps > 20 {
            warnings.append("turbo models were distilled for 8 steps; \(steps) may sound worse, not better")
        }
        if let asked = request.shift, let trained = hints.shift, asked != trained {
            warnings.append("shift \(asked) differs from the \(trained) that the adapter was trained for")
        }
        if let trained = hints.variant, trained != variant {
            warnings.append("the adapter was trained for a \(trained.rawValue) model, this one is \(variant.rawValue)")
        }
        self.warnings = warnings
    }

    /// What an adapter's file says about how to use it.
    public struct Hints: Sendable, Equatable {
        /// Denoising steps.
        public var steps: Int?
        /// Schedule shift.
        public var shift: Double?
        /// The variant it was trained for.
        public var variant: ModelConfiguration.Variant?

        /// Nothing said unless given.
        public init(steps: Int? = nil, shift: Double? = nil, variant: ModelConfiguration.Variant? = nil) {
            self.steps = steps
            self.shift = shift
            self.variant = variant
        }
    }

    private static func defaults(
        of variant: ModelConfiguration.Variant
    ) -> (steps: Int, guidance: Double, shift: Double) {
        switch variant {
        case .turbo: (8, 1, 3)
        case .base, .sft: (50, 7, 1)
        }
    }
}
