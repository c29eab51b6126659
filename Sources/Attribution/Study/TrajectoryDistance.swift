// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How far two trajectories of the same prompt and seed lie apart, step by step.
///
/// What is compared are sets of points, and what counts as a point decides what counts as a difference:
/// - ``Points/frames``: a latent frame (0.04 s) is a point in the space of channels; a step's two sets are what sounds anywhere in
///   the piece. The same events at other moments are no difference; other timbres, notes or drums are.
/// - ``Points/paths``: a frame's way through all steps is a point. One plan serves all steps, so that frames cannot be exchanged
///   differently in each; the distance of a step is what that plan carries there.
/// - ``Points/pairs``: each frame is compared with the frame at its own moment. No transport at all: the upper bound of the
///   others, and where the trajectories are near each other equal to them.
package struct TrajectoryDistance: Sendable, Equatable {
    /// What counts as a point.
    package enum Points: String, Sendable, CaseIterable, Codable {
        /// Latent frames, step by step.
        case frames
        /// Ways of frames through all steps.
        case paths
        /// Frames at the same moment.
        case pairs
    }

    /// What counts as a point.
    package var points = Points.frames
    /// The most frames for which the transport problem is solved exactly; beyond, ``Points/frames`` are compared by slices and
    /// ``Points/paths`` by evenly chosen frames of both.
    ///
    /// Slices are another distance, never above the exact one but for their error: pieces on both sides of the limit are not to be
    /// compared with each other. Exact is also the faster way here, since trajectories of one seed lie near each other: 500 frames
    /// of 64 channels take 15 ms, 256 slices of them 50.
    package var exactLimit = 1024
    /// How many slices.
    package var directions = 256

    /// Frames, exactly up to 1024 of them.
    package init() {}

    /// Distances of two trajectories.
    package struct Result: Sendable, Equatable, Codable {
        /// One for each step: the root mean square of what a frame's coordinates are moved by, so that neither length nor width of
        /// the model changes its unit.
        package var distances: [Double]
        /// One standard error of each; 0 where it is exact.
        package var errors: [Double]

        /// Names both.
        package init(distances: [Double], errors: [Double]) {
            (self.distances, self.errors) = (distances, errors)
        }
    }

    /// Compares two trajectories.
    ///
    /// - Parameters:
    ///   - a: a trajectory.
    ///   - b: another one with the same steps and channels.
    /// - Returns: a distance for each step.
    /// - Throws: ``AttributionError/points(_:)`` if they cannot be compared.
    package func callAsFunction(_ a: Trajectory, _ b: Trajectory) throws(AttributionError) -> Result {
        guard a.steps.count == b.steps.count, a.channels == b.channels else {
            throw .points(
                "trajectories of \(a.steps.count) steps with \(a.channels) channels and \(b.steps.count) steps with "
                    + "\(b.channels) channels have no distance"
            )
        }
        if points != .frames, a.frames != b.frames {
            throw .points("trajectories of \(a.frames) and \(b.frames) frames have no distance by '\(points.rawValue)'")
        }
        let unit = Double(a.channels).squareRoot()
        let found: [Wasserstein.Estimate]
        switch points {
        case .frames: found = try byFrames(a, b)
        case .paths: found = try byPaths(a, b)
        case .pairs: found = zip(a.steps, b.steps).map { Self.paired($0, $1, frames: a.frames) }
        }
        return Result(distances: found.map { $0.value / unit }, errors: found.map { $0.standardError / unit })
    }

    private func byFrames(_ a: Trajectory, _ b: Trajectory) throws(AttributionError) -> [Wasserstein.Estimate] {
        var found: [Wasserstein.Estimate] = []
        for (first, second) in zip(a.steps, b.steps) {
            let sets = (try PointSet(first, dimension: a.channels), try PointSet(second, dimension: a.channels))
            found.append(
                // Steps that are the same, such as those before an adapter begins to act, need no plan.
                first == second
                    ? .init(value: 0, standardError: 0)
                    : try Wasserstein.distance(sets.0, sets.1, exactLimit: exactLimit, directions: directions)
            )
        }
        return found
    }

    private func byPaths(_ a: Trajectory, _ b: Trajectory) throws(AttributionError) -> [Wasserstein.Estimate] {
        let chosen = Self.places(a.frames, limit: exactLimit)
        let (from, to) = (try paths(a, chosen), try paths(b, chosen))
        let plan = try Wasserstein.assignment(from, to)
        let channels = a.channels
        return zip(a.steps, b.steps).map { first, second in
            let sum = plan.enumerated().reduce(0.0) { sum, pair in
                let (left, right) = (chosen[pair.offset] * channels, chosen[pair.element] * channels)
                return (0..<channels).reduce(sum) {
                    let difference = Double(first[left + $1]) - Double(second[right + $1])
                    return $0 + difference * difference
                }
            }
            return .init(value: (sum / Double(chosen.count)).squareRoot(), standardError: 0)
        }
    }

    private func paths(_ trajectory: Trajectory, _ frames: [Int]) throws(AttributionError) -> PointSet {
        let channels = trajectory.channels
        return try PointSet(
            frames.flatMap { frame in
                trajectory.steps.flatMap { $0[frame * channels..<(frame + 1) * channels] }
            },
            dimension: channels * trajectory.steps.count
        )
    }

    private static func places(_ count: Int, limit: Int) -> [Int] {
        count <= limit ? Array(0..<count) : (0..<limit).map { $0 * count / limit }
    }

    private static func paired(_ a: [Float], _ b: [Float], frames: Int) -> Wasserstein.Estimate {
        let sum = zip(a, b).reduce(0.0) { sum, pair in
            let difference = Double(pair.0) - Double(pair.1)
            return sum + difference * difference
        }
        return .init(value: (sum / Double(frames)).squareRoot(), standardError: 0)
    }
}
