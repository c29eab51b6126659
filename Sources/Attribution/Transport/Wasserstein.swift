// SPDX-License-Identifier: Apache-2.0

/// The Wasserstein distance between two sets of points of equal weight.
///
/// ``exact(_:_:)`` is the transportation problem's solution; ``sliced(_:_:directions:seed:)`` the root mean square over random
/// directions of the distances of the projections (Rabin, Peyré, Delon and Bernot, 2011), which costs a sort for each direction
/// and says how uncertain it is.
package enum Wasserstein {
    /// A distance that was estimated.
    package struct Estimate: Sendable, Equatable {
        /// The distance.
        package let value: Double
        /// One standard error of it; 0 where it is exact.
        package let standardError: Double
    }

    /// How far points are carried: the root of the mean of squares (W₂) along the best plan.
    ///
    /// - Parameters:
    ///   - a: points.
    ///   - b: points in the same space; another number of them is fine.
    /// - Returns: the distance.
    /// - Throws: ``AttributionError/points(_:)`` if the spaces differ.
    package static func exact(_ a: PointSet, _ b: PointSet) throws(AttributionError) -> Double {
        try requireOneSpace(a, b)
        return TransportPlan(costs: costs(a, b), sources: a.count, sinks: b.count).cost.squareRoot()
    }

    /// The best plan between as many points as points: the place that each is carried to.
    ///
    /// - Parameters:
    ///   - a: points.
    ///   - b: as many points in the same space.
    /// - Returns: for each point of `a` the place of one of `b`, each once.
    /// - Throws: ``AttributionError/points(_:)`` if the spaces or the numbers of points differ.
    package static func assignment(_ a: PointSet, _ b: PointSet) throws(AttributionError) -> [Int] {
        try requireOneSpace(a, b)
        guard a.count == b.count else { throw .points("\(a.count) and \(b.count) points cannot be paired") }
        return TransportPlan(costs: costs(a, b), sources: a.count, sinks: b.count).partners
    }

    /// Squared distances from each point to each, row by row.
    private static func costs(_ a: PointSet, _ b: PointSet) -> [Double] {
        let dimension = a.dimension
        var costs: [Double] = []
        costs.reserveCapacity(a.count * b.count)
        for source in 0..<a.count {
            for sink in 0..<b.count {
                var sum = 0.0
                for axis in 0..<dimension {
                    let difference =
                        Double(a.coordinates[source * dimension + axis])
                        - Double(b.coordinates[sink * dimension + axis])
                    sum += difference * difference
                }
                costs.append(sum)
            }
        }
        return costs
    }

    /// The sliced distance.
    ///
    /// - Parameters:
    ///   - a: points.
    ///   - b: points in the same space; another number of them is fine.
    ///   - directions: how many directions are drawn.
    ///   - seed: where they come from.
    /// - Returns: the distance, and the standard error that the number of directions leaves.
    /// - Throws: ``AttributionError/points(_:)`` if the spaces differ.
    package static func sliced(
        _ a: PointSet,
        _ b: PointSet,
        directions: Int = 128,
        seed: UInt64 = 0
    ) throws(AttributionError) -> Estimate {
        try requireOneSpace(a, b)
        guard directions > 1 else { throw .points("\(directions) directions are too few; use 2 or more") }
        var random = DirectionGenerator(seed: seed)
        let squares = (0..<directions).map { _ in
            let direction = random.direction(a.dimension)
            return line(projected(a, direction), projected(b, direction))
        }
        let mean = squares.reduce(0, +) / Double(directions)
        let variance = squares.reduce(0) { $0 + square($1 - mean) } / Double(directions - 1)
        let value = mean.squareRoot()
        // The error of a root: that of what is below it, divided by twice the root.
        let error = value > 0 ? (variance / Double(directions)).squareRoot() / (2 * value) : 0
        return Estimate(value: value, standardError: error)
    }

    /// The distance as a study takes it: exact up to `exactLimit` points a side, sliced beyond.
    ///
    /// - Parameters:
    ///   - a: points.
    ///   - b: points in the same space.
    ///   - exactLimit: the most points of a side that are compared exactly.
    ///   - directions: how many directions are drawn beyond it.
    /// - Returns: the distance, and how uncertain it is. Sliced distances are scaled by the root of the dimension, so that a shift of
    ///   all points counts the same in both ways.
    /// - Throws: ``AttributionError/points(_:)`` if the spaces differ.
    package static func distance(
        _ a: PointSet,
        _ b: PointSet,
        exactLimit: Int = 1024,
        directions: Int = 128
    ) throws(AttributionError) -> Estimate {
        guard max(a.count, b.count) > exactLimit else { return Estimate(value: try exact(a, b), standardError: 0) }
        let sliced = try sliced(a, b, directions: directions)
        let scale = Double(a.dimension).squareRoot()
        return Estimate(value: sliced.value * scale, standardError: sliced.standardError * scale)
    }

    private static func requireOneSpace(_ a: PointSet, _ b: PointSet) throws(AttributionError) {
        guard a.dimension == b.dimension else {
            throw .points("points of \(a.dimension) and of \(b.dimension) dimensions have no distance")
        }
    }

    private static func projected(_ points: PointSet, _ direction: [Double]) -> [Double] {
        (0..<points.count).map { place in zip(points[place], direction).reduce(0) { $0 + Double($1.0) * $1.1 } }
            .sorted()
    }

    /// The squared distance of sorted numbers on a line: both are walked along by their share of the mass.
    private static func line(_ a: [Double], _ b: [Double]) -> Double {
        var (i, j, sum) = (0, 0, 0.0)
        // In units of 1 / (count of a · count of b).
        var (leftA, leftB) = (b.count, a.count)
        while i < a.count, j < b.count {
            let units = min(leftA, leftB)
            sum += Double(units) * square(a[i] - b[j])
            (leftA, leftB) = (leftA - units, leftB - units)
            if leftA == 0 { (i, leftA) = (i + 1, b.count) }
            if leftB == 0 { (j, leftB) = (j + 1, a.count) }
        }
        return sum / Double(a.count * b.count)
    }

    private static func square(_ value: Double) -> Double { value * value }
}
