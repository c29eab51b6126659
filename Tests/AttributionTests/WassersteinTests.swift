// SPDX-License-Identifier: Apache-2.0

import Attribution
import Foundation
import TestSupport
import Testing

@Suite("Wasserstein distances")
struct WassersteinTests {
    private struct Golden: Decodable {
        let dimension: Int
        let a: [Float]
        let b: [Float]
        let exact: Double
        let sliced: Double
    }

    private static func points(_ count: Int, _ dimension: Int, _ random: inout SeededGenerator) throws -> PointSet {
        try PointSet((0..<count * dimension).map { _ in .random(in: -1...1, using: &random) }, dimension: dimension)
    }

    @Test("Exact and sliced distances are POT's")
    func goldens() throws {
        let path = try #require(Bundle.module.path(forResource: "transport", ofType: "json", inDirectory: "Fixtures"))
        let cases = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(cases.count == 7)
        for golden in cases {
            let a = try PointSet(golden.a, dimension: golden.dimension)
            let b = try PointSet(golden.b, dimension: golden.dimension)
            let exact = try Wasserstein.exact(a, b)
            #expect(abs(exact - golden.exact) < 1e-6 * golden.exact, "\(exact), not \(golden.exact)")
            let sliced = try Wasserstein.sliced(a, b, directions: 4000, seed: 3)
            let error = abs(sliced.value - golden.sliced)
            // The golden value is uncertain too, half as much.
            #expect(error <= 5 * sliced.standardError + 1e-9, "\(sliced), not \(golden.sliced)")
            if golden.dimension > 1 { #expect(sliced.standardError < 0.05 * sliced.value) }
        }
    }

    @Test("It is the cheapest of all assignments", arguments: 0..<20)
    func allAssignments(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...6, using: &random)
        let (a, b) = (try Self.points(count, 2, &random), try Self.points(count, 2, &random))
        func cost(_ order: [Int]) -> Double {
            order.enumerated().reduce(0) { sum, pair in
                let differences = (0..<2).map {
                    Double(a.coordinates[2 * pair.offset + $0]) - Double(b.coordinates[2 * pair.element + $0])
                }
                return sum + differences.reduce(0) { $0 + $1 * $1 }
            }
        }
        func best(_ chosen: [Int]) -> Double {
            if chosen.count == count { return cost(chosen) }
            return (0..<count).filter { !chosen.contains($0) }.map { best(chosen + [$0]) }.min() ?? .infinity
        }
        let expected = (best([]) / Double(count)).squareRoot()
        #expect(abs(try Wasserstein.exact(a, b) - expected) < 1e-9)
    }

    @Test("Sets of different sizes are those whose points are repeated", arguments: 0..<10)
    func sizes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let (m, n) = (Int.random(in: 1...7, using: &random), Int.random(in: 1...7, using: &random))
        let (a, b) = (try Self.points(m, 3, &random), try Self.points(n, 3, &random))
        func repeated(_ points: PointSet, _ times: Int) throws -> PointSet {
            try PointSet(
                (0..<points.count).flatMap { place in
                    (0..<times).flatMap { _ in points.coordinates[3 * place..<3 * place + 3] }
                },
                dimension: 3
            )
        }
        let expected = try Wasserstein.exact(repeated(a, n), repeated(b, m))
        #expect(abs(try Wasserstein.exact(a, b) - expected) < 1e-9)
    }

    @Test(
        "It is a distance: 0 for a set in another order, symmetric, with the triangle's inequality",
        arguments: 0..<10
    )
    func axioms(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let sets = try (0..<3).map { _ in try Self.points(Int.random(in: 2...20, using: &random), 4, &random) }
        let shuffled = try PointSet(
            (0..<sets[0].count).shuffled(using: &random).flatMap { sets[0].coordinates[4 * $0..<4 * $0 + 4] },
            dimension: 4
        )
        #expect(try Wasserstein.exact(sets[0], shuffled) < 1e-7)
        let (ab, ba) = try (Wasserstein.exact(sets[0], sets[1]), Wasserstein.exact(sets[1], sets[0]))
        #expect(abs(ab - ba) < 1e-9)
        let (bc, ac) = try (Wasserstein.exact(sets[1], sets[2]), Wasserstein.exact(sets[0], sets[2]))
        #expect(ac <= ab + bc + 1e-9)
    }

    @Test("Beyond the limit a shift of all points counts as it does below it")
    func shift() throws {
        var random = SeededGenerator(seed: 4)
        let a = try Self.points(300, 16, &random)
        let b = try PointSet(a.coordinates.map { $0 + 0.5 }, dimension: 16)
        let (exact, sliced) = try (Wasserstein.distance(a, b), Wasserstein.distance(a, b, exactLimit: 100))
        #expect(abs(exact.value - 2) < 1e-5 && exact.standardError == 0)
        #expect(sliced.standardError > 0 && abs(sliced.value - 2) < 4 * sliced.standardError)
    }

    @Test("What are no points is refused")
    func hostile() throws {
        for (coordinates, dimension) in [([Float](), 3), ([1, 2], 3), ([1], 0), ([.nan], 1), ([1, .infinity], 2)] {
            #expect(throws: AttributionError.self) { try PointSet(coordinates, dimension: dimension) }
        }
        let (a, b) = (try PointSet([1, 2], dimension: 2), try PointSet([1, 2], dimension: 1))
        #expect(throws: AttributionError.self) { try Wasserstein.exact(a, b) }
        #expect(throws: AttributionError.self) { try Wasserstein.sliced(a, a, directions: 1) }
    }
}
