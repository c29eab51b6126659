// SPDX-License-Identifier: Apache-2.0

/// How strongly an adapter acts: 0 is the base, 1 what the adapter's own library gives; any real number is allowed.
///
/// A type of its own because weights that vary over the denoising steps will be another case of it.
public enum AdapterWeight: Sendable, Hashable {
    /// The same at every step.
    case constant(Double)

    /// The weight at a point of the denoising, 0 the first step and 1 the last.
    public func value(at progress: Double) -> Double {
        switch self {
        case .constant(let weight): weight
        }
    }

    /// The first of the numbers it is made of that is not finite, if any is not.
    package var invalidNumber: Double? {
        switch self {
        case .constant(let weight): weight.isFinite ? nil : weight
        }
    }
}

extension AdapterWeight: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    /// A weight that is the same at every step.
    public init(floatLiteral value: Double) {
        self = .constant(value)
    }

    /// A weight that is the same at every step.
    public init(integerLiteral value: Int) {
        self = .constant(Double(value))
    }
}

/// One adapter of a blend and how strongly it acts.
public struct BlendEntry: Sendable, Hashable {
    /// The name under which the adapter is loaded.
    public let name: String
    /// How strongly it acts.
    public let weight: AdapterWeight

    /// Names an adapter and its weight.
    public init(_ name: String, weight: AdapterWeight = 1) {
        self.name = name
        self.weight = weight
    }
}
