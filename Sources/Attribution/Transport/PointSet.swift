// SPDX-License-Identifier: Apache-2.0

/// Points of equal weight in a space of some dimensions.
package struct PointSet: Sendable, Equatable {
    /// How many there are.
    package let count: Int
    /// Coordinates of each.
    package let dimension: Int
    /// All coordinates, point by point.
    package let coordinates: [Float]

    /// Points from their coordinates, point by point.
    ///
    /// - Parameters:
    ///   - coordinates: as many as a whole number of points has.
    ///   - dimension: coordinates of each point, at least 1.
    /// - Throws: ``AttributionError/points(_:)`` if there are no points, a point is incomplete or a coordinate is not finite.
    package init(_ coordinates: [Float], dimension: Int) throws(AttributionError) {
        guard dimension > 0, !coordinates.isEmpty, coordinates.count.isMultiple(of: dimension) else {
            throw .points("\(coordinates.count) coordinates are no points of \(dimension) dimensions")
        }
        guard coordinates.allSatisfy(\.isFinite) else { throw .points("a coordinate is NaN or infinite") }
        self.coordinates = coordinates
        self.dimension = dimension
        count = coordinates.count / dimension
    }

    /// The coordinates of one point.
    subscript(_ point: Int) -> ArraySlice<Float> { coordinates[point * dimension..<(point + 1) * dimension] }

    /// Every so-manieth point, at most `limit` of them.
    package func thinned(to limit: Int) -> PointSet {
        guard count > limit, limit > 0 else { return self }
        var kept: [Float] = []
        kept.reserveCapacity(limit * dimension)
        for place in 0..<limit { kept += self[place * count / limit] }
        return PointSet(unchecked: kept, dimension: dimension)
    }

    private init(unchecked coordinates: [Float], dimension: Int) {
        self.coordinates = coordinates
        self.dimension = dimension
        count = coordinates.count / dimension
    }
}
