// SPDX-License-Identifier: Apache-2.0

import Attribution
import TestSupport
import Testing

@Suite("Distances of trajectories")
struct TrajectoryDistanceTests {
    private static func noise(_ count: Int, _ scale: Float, _ random: inout SeededGenerator) -> [Float] {
        (0..<count).map { _ in
            // A sum of twelve uniform numbers is nearly normal, of deviation 1.
            (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0...1, using: &random) } * scale
        }
    }

    private func distance(_ points: TrajectoryDistance.Points) -> TrajectoryDistance {
        var distance = TrajectoryDistance()
        distance.points = points
        return distance
    }

    @Test(
        "A shift of everything has its own length in each way and at each step",
        arguments: TrajectoryDistance.Points.allCases
    )
    func shift(points: TrajectoryDistance.Points) throws {
        var random = SeededGenerator(seed: 1)
        let steps = (0..<3).map { _ in Self.noise(40 * 8, 1, &random) }
        let a = try Trajectory(frames: 40, channels: 8, steps: steps)
        let b = try Trajectory(
            frames: 40,
            channels: 8,
            steps: steps.enumerated().map { step, values in values.map { $0 + 0.1 * Float(step) } }
        )
        let found = try distance(points)(a, b)
        #expect(found.errors == [0, 0, 0])
        for (value, expected) in zip(found.distances, [0, 0.1, 0.2]) { #expect(abs(value - expected) < 1e-5) }
        #expect(try distance(points)(a, a).distances == [0, 0, 0])
    }

    @Test(
        "The same frames in another order are at no distance by frames, by paths if all steps agree, and far by pairs"
    )
    func order() throws {
        var random = SeededGenerator(seed: 2)
        let steps = (0..<2).map { _ in Self.noise(30 * 4, 1, &random) }
        let order = (0..<30).shuffled(using: &random)
        func permuted(_ values: [Float], _ order: [Int]) -> [Float] { order.flatMap { values[4 * $0..<4 * $0 + 4] } }
        let a = try Trajectory(frames: 30, channels: 4, steps: steps)
        let moved = try Trajectory(frames: 30, channels: 4, steps: steps.map { permuted($0, order) })
        let torn = try Trajectory(frames: 30, channels: 4, steps: [steps[0], permuted(steps[1], order)])
        #expect(try distance(.frames)(a, moved).distances.allSatisfy { $0 < 1e-6 })
        #expect(try distance(.paths)(a, moved).distances.allSatisfy { $0 < 1e-6 })
        #expect(try distance(.pairs)(a, moved).distances.allSatisfy { $0 > 1 })
        #expect(try distance(.frames)(a, torn).distances.allSatisfy { $0 < 1e-6 })
        #expect(try distance(.paths)(a, torn).distances.reduce(0, +) > 0.5)
    }

    @Test("Pairs bound frames from above; near each other all three agree")
    func bounds() throws {
        var random = SeededGenerator(seed: 3)
        for scale in [Float(0.01), 0.3, 2] {
            let first = Self.noise(50 * 6, 1, &random)
            let second = zip(first, Self.noise(50 * 6, scale, &random)).map { $0 + $1 }
            let a = try Trajectory(frames: 50, channels: 6, steps: [first])
            let b = try Trajectory(frames: 50, channels: 6, steps: [second])
            let values = try TrajectoryDistance.Points.allCases.map { try distance($0)(a, b).distances[0] }
            let (frames, paths, pairs) = (values[0], values[1], values[2])
            #expect(frames <= pairs + 1e-9 && paths <= pairs + 1e-9)
            #expect(abs(frames - paths) < 1e-6, "with one step they are the same problem")
            if scale < 0.1 { #expect(abs(frames - pairs) < 1e-6) }
        }
    }

    /// Songs of four notes that come again, changed in two ways, of which only the first is what a part taught.
    ///
    /// One is another timbre of every note, the other the same notes a little earlier or later, as any other training would place
    /// them.
    @Test("Frames tell another sound from the same sounds at other moments; pairs and paths do not")
    func ranking() throws {
        let (frames, channels, steps, seeds) = (120, 16, 8, 12)
        let weights = try StepWeights.linear.values(steps)
        var hits: [TrajectoryDistance.Points: Int] = [:]
        for seed in 0..<seeds {
            var random = SeededGenerator(seed: UInt64(seed))
            let notes = (0..<4).map { _ in Self.noise(channels, 1.5, &random) }
            let played = (0..<frames / 8).map { _ in Int.random(in: 0..<4, using: &random) }
            let timbre = Self.noise(channels, 0.5, &random)
            let late = played.map { _ in Int.random(in: -2...2, using: &random) }
            let noise = Self.noise(frames * channels, 1, &random)
            func trajectory(_ delays: [Int]?, _ timbre: [Float]?) throws -> Trajectory {
                var song = [Float](repeating: 0, count: frames * channels)
                for (place, note) in played.enumerated() {
                    for length in 0..<8 {
                        let frame = 8 * place + length + (delays?[place] ?? 0)
                        guard (0..<frames).contains(frame) else { continue }
                        let level = 1 / Float(1 + length * length) * 0.5 + (length < 4 ? 0.5 : 0)
                        for channel in 0..<channels { song[frame * channels + channel] = notes[note][channel] * level }
                    }
                }
                if let timbre { for place in song.indices { song[place] += timbre[place % channels] } }
                return try Trajectory(
                    frames: frames,
                    channels: channels,
                    steps: (1...steps).map { step in
                        let share = Float(step) / Float(steps)
                        return zip(song, noise).map { $0 * share + $1 * (1 - share) }
                    }
                )
            }
            let (song, moved, changed) = try (trajectory(nil, nil), trajectory(late, nil), trajectory(nil, timbre))
            for points in TrajectoryDistance.Points.allCases {
                let influence = try [moved, changed].map {
                    InfluenceTable.influence(try distance(points)(song, $0).distances, weights: weights)
                }
                if influence[1] > influence[0] { hits[points, default: 0] += 1 }
            }
        }
        let (byFrames, byPaths, byPairs) = (hits[.frames] ?? 0, hits[.paths] ?? 0, hits[.pairs] ?? 0)
        #expect(byFrames >= 9 && byPairs <= 6 && byPaths <= 6, "\(byFrames), \(byPaths), \(byPairs) of \(seeds)")
    }

    /// The sizes of the studies: 250 frames (10 s) and 750 frames (30 s) of 64 channels, moved as adapters move them.
    @Test("A sliced distance is as near the exact one's slices as its error says", arguments: [250, 750])
    func slicedError(frames: Int) throws {
        var random = SeededGenerator(seed: UInt64(frames))
        let first = Self.noise(frames * 64, 1, &random)
        let second = zip(first, Self.noise(frames * 64, 0.2, &random)).map { $0 + $1 + 0.1 }
        let (a, b) = (try PointSet(first, dimension: 64), try PointSet(second, dimension: 64))
        // Nothing else knows the true value; sixteen times the directions have a quarter of the error.
        let truth = try Wasserstein.sliced(a, b, directions: 4096, seed: 99)
        var inside = 0
        for seed in 0..<20 {
            let found = try Wasserstein.sliced(a, b, directions: 256, seed: UInt64(seed))
            let error = (found.standardError * found.standardError + truth.standardError * truth.standardError)
                .squareRoot()
            if abs(found.value - truth.value) < 2 * error { inside += 1 }
            #expect(found.standardError < 0.1 * found.value)
        }
        // Two standard errors hold 95 %: 15 of 20 or fewer would be one case in ten thousand.
        #expect(inside > 15, "\(inside) of 20")
    }

    @Test("Beyond the limit frames are sliced with an error, paths thinned")
    func limits() throws {
        var random = SeededGenerator(seed: 5)
        let first = Self.noise(60 * 4, 1, &random)
        let a = try Trajectory(frames: 60, channels: 4, steps: [first, first])
        let b = try Trajectory(frames: 60, channels: 4, steps: [first.map { $0 + 0.5 }, first])
        for points in [TrajectoryDistance.Points.frames, .paths] {
            var distance = distance(points)
            distance.exactLimit = 20
            let found = try distance(a, b)
            #expect(abs(found.distances[0] - 0.5) < 5 * found.errors[0] + 1e-5 && found.distances[1] == 0)
            #expect((found.errors[0] > 0) == (points == .frames) && found.errors[1] == 0)
        }
    }

    @Test("What is no trajectory, and what are two that cannot be compared, is refused")
    func hostile() throws {
        let steps: [[Float]] = [[1, 2, 3, 4]]
        for (frames, channels, steps) in [
            (0, 2, steps), (2, 0, steps), (2, 2, []), (2, 2, [[1]]), (2, 2, [[1, 2, 3, .nan]]), (-2, -2, steps),
        ] {
            #expect(throws: AttributionError.self) {
                try Trajectory(frames: frames, channels: channels, steps: steps)
            }
        }
        let a = try Trajectory(frames: 2, channels: 2, steps: steps)
        let others = [
            try Trajectory(frames: 4, channels: 1, steps: steps),
            try Trajectory(frames: 2, channels: 2, steps: steps + steps),
        ]
        for points in TrajectoryDistance.Points.allCases {
            for other in others { #expect(throws: AttributionError.self) { try distance(points)(a, other) } }
        }
        let longer = try Trajectory(frames: 3, channels: 2, steps: [[1, 2, 3, 4, 1, 2]])
        #expect(throws: AttributionError.self) { try distance(.paths)(a, longer) }
        #expect(throws: AttributionError.self) { try distance(.pairs)(a, longer) }
        #expect(try distance(.frames)(a, longer).distances.count == 1)
    }
}
