// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How many of some numbers lie where.
///
/// The buckets are TensorFlow's: each a tenth wider than the one nearer to zero, from 1e-12 to 1e20 on either side.
package struct Histogram: Sendable, Equatable {
    /// The smallest number.
    package let minimum: Double
    /// The largest number.
    package let maximum: Double
    /// How many there are.
    package let count: Int
    /// Their sum.
    package let sum: Double
    /// The sum of their squares.
    package let sumOfSquares: Double
    /// The buckets that hold any, with an empty one in front: the upper end of each and how many lie in it.
    package let buckets: [(limit: Double, count: Double)]

    /// The upper ends of all buckets.
    static let limits: [Double] = {
        var positive: [Double] = []
        var limit = 1e-12
        while limit < 1e20 {
            positive.append(limit)
            limit *= 1.1
        }
        return [-Double.greatestFiniteMagnitude] + positive.reversed().map { -$0 } + [0] + positive
            + [Double.greatestFiniteMagnitude]
    }()

    /// Counts numbers; those that are not finite are left out, and nil if none is finite.
    ///
    /// - Parameter values: the numbers.
    package init?(_ values: some Sequence<Float>) {
        self.init(numbers: values.lazy.map(Double.init))
    }

    /// Counts numbers; those that are not finite are left out, and nil if none is finite.
    ///
    /// - Parameter numbers: the numbers.
    package init?(numbers: some Sequence<Double>) {
        let limits = Self.limits
        var counts = [Double](repeating: 0, count: limits.count)
        var (minimum, maximum) = (Double.infinity, -Double.infinity)
        var (count, sum, sumOfSquares) = (0, 0.0, 0.0)
        for value in numbers where value.isFinite {
            counts[Self.bucket(of: value, limits)] += 1
            (minimum, maximum) = (min(minimum, value), max(maximum, value))
            count += 1
            sum += value
            sumOfSquares += value * value
        }
        guard let first = counts.firstIndex(where: { $0 > 0 }), let last = counts.lastIndex(where: { $0 > 0 }) else {
            return nil
        }
        self.minimum = minimum
        self.maximum = maximum
        self.count = count
        self.sum = sum
        self.sumOfSquares = sumOfSquares
        // A bucket's lower end is the one before's upper end: without the empty one the first would reach to infinity.
        buckets = (max(0, first - 1)...last).map { (limits[$0], counts[$0]) }
    }

    /// The first bucket whose upper end is above the value.
    private static func bucket(of value: Double, _ limits: [Double]) -> Int {
        var (low, high) = (0, limits.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if limits[middle] > value { high = middle } else { low = middle + 1 }
        }
        return low
    }

    package static func == (left: Histogram, right: Histogram) -> Bool {
        left.count == right.count && left.sum == right.sum && left.sumOfSquares == right.sumOfSquares
            && left.buckets.elementsEqual(right.buckets) { $0 == $1 }
    }
}
