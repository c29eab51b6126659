// SPDX-License-Identifier: Apache-2.0

/// How strongly an adapter acts: 0 is the base, 1 what the adapter's own library gives; any real number is allowed.
public enum AdapterWeight: Sendable, Hashable {
    /// The same at every step.
    case constant(Double)
    /// A weight that changes over the denoising.
    case curve(StrengthCurve)

    /// The weight at a point of the denoising, 0 the first step and 1 the last.
    public func value(at progress: Double) -> Double {
        switch self {
        case .constant(let weight): weight
        case .curve(let curve): curve.value(at: progress)
        }
    }

    /// Whether it is not the same at every step.
    public var isVarying: Bool {
        switch self {
        case .constant: false
        case .curve(let curve): curve.isVarying
        }
    }

    /// The first of the numbers it is made of that is not finite, if any is not.
    package var invalidNumber: Double? {
        switch self {
        case .constant(let weight): weight.isFinite ? nil : weight
        case .curve: nil
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

/// A weight over the denoising, given at some points and straight between them; before the first point and behind the last
/// it stays as it is there.
public struct StrengthCurve: Sendable, Hashable {
    /// A weight at a point of the denoising.
    public struct Point: Sendable, Hashable {
        /// 0 is the first step, 1 the last.
        public let progress: Double
        /// Any real number.
        public let weight: Double

        /// Names both.
        public init(progress: Double, weight: Double) {
            self.progress = progress
            self.weight = weight
        }
    }

    /// The points, in the order of their progress.
    public let points: [Point]

    /// Nil unless there is a point, all numbers are finite, and progress rises within 0 … 1.
    public init?(_ points: [Point]) {
        guard !points.isEmpty, points.allSatisfy({ (0...1).contains($0.progress) && $0.weight.isFinite }),
            zip(points, points.dropFirst()).allSatisfy({ $0.progress < $1.progress })
        else { return nil }
        self.points = points
    }

    /// Whether it is not the same at every step.
    var isVarying: Bool { points.contains { $0.weight != points[0].weight } }

    /// The weight at a point of the denoising.
    func value(at progress: Double) -> Double {
        guard let next = points.firstIndex(where: { $0.progress >= progress }) else {
            return points[points.count - 1].weight
        }
        guard next > 0 else { return points[0].weight }
        let (left, right) = (points[next - 1], points[next])
        let share = (progress - left.progress) / (right.progress - left.progress)
        return left.weight + share * (right.weight - left.weight)
    }
}
