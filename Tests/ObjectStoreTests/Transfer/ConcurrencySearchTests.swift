// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import TestSupport
import Testing

@Suite("ConcurrencySearch")
struct ConcurrencySearchTests {
    /// Keeps as many requests under way as may be, each of which takes `seconds(size, number under way)`.
    ///
    /// - Returns: The limit after each request that ended.
    private func simulate(
        _ search: inout ConcurrencySearch,
        sizes: [Int] = Array(repeating: 8 << 20, count: 100),
        from start: Double = 0,
        seconds: (Int, Int) -> Double
    ) -> [Int] {
        var (now, limits) = (start, [Int]())
        var waiting = ArraySlice(sizes)
        var running: [(started: Double, end: Double, size: Int)] = []
        while true {
            while running.count < search.limit, let size = waiting.popFirst() {
                running.append((now, now + seconds(size, min(search.limit, running.count + waiting.count + 1)), size))
            }
            guard let next = running.indices.min(by: { running[$0].end < running[$1].end }) else { return limits }
            let request = running.remove(at: next)
            now = request.end
            search.succeeded(request.size, started: .seconds(request.started), now: .seconds(now))
            limits.append(search.limit)
        }
    }

    @Test("A line that gives each connection so much is filled")
    func thinConnections() {
        var search = ConcurrencySearch(start: 4, ceiling: 32)
        let limits = simulate(&search) { size, _ in 0.03 + Double(size) / 50e6 }
        #expect(limits.last == 32)
        #expect(limits.firstIndex(of: 32).map { $0 < 60 } == true)
    }

    @Test("A server that is busy with a few connections is not given many", arguments: [2, 4, 8])
    func nearServer(enough: Int) {
        var search = ConcurrencySearch(start: 2, ceiling: 32)
        let sizes = Array(repeating: 8 << 20, count: 1000)
        let limits = simulate(&search, sizes: sizes) { size, count in
            Double(size) / 500e6 * Double(max(count, enough))
        }
        let mean = Double(limits.reduce(0, +)) / 1000
        #expect(limits.max() == enough * 2, "it is tried")
        #expect(mean < Double(enough) * 1.3, "and given up: \(mean)")
    }

    @Test("A line that becomes wider later is noticed")
    func widening() {
        var search = ConcurrencySearch(start: 4, ceiling: 32)
        let before = simulate(&search) { size, count in Double(size * count) / 100e6 }
        #expect(before.contains(8) && before.filter { $0 > 4 }.count < 40)
        let after = simulate(&search, sizes: Array(repeating: 8 << 20, count: 600), from: 1e4) { size, _ in
            Double(size) / 50e6
        }
        #expect(after.last == 32)
    }

    @Test("Small objects, and small and large ones in turn, are fetched side by side where an answer takes its time")
    func smallObjects() {
        let small = Array(repeating: 800, count: 200)
        let large = Array(repeating: 1 << 20, count: 200)
        for sizes in [small, small + large, (0..<400).map { $0 % 3 == 0 ? 1 << 20 : 2000 }] {
            var search = ConcurrencySearch(start: 4, ceiling: 32)
            let limits = simulate(&search, sizes: sizes) { size, _ in 0.03 + Double(size) / 50e6 }
            #expect(limits.last == 32)
            #expect(limits.firstIndex(of: 32).map { $0 < 100 } == true)
        }
    }

    @Test("Times that differ by a third of themselves hide neither a line nor a busy server", arguments: 0..<20)
    func noise(seed: UInt64) {
        for isLine in [true, false] {
            var random = SeededGenerator(seed: seed)
            var search = ConcurrencySearch(start: 4, ceiling: 32)
            let limits = simulate(&search, sizes: (0..<600).map { $0 < 400 ? 2000 : 1 << 20 }) { size, count in
                let usual = isLine ? 0.03 + Double(size) / 50e6 : (0.0005 + Double(size) / 500e6) * Double(count)
                return usual * Double.random(in: 0.67...1.33, using: &random)
            }
            let mean = Double(limits.suffix(400).reduce(0, +)) / 400
            #expect(isLine ? mean > 16 : mean < 10, "\(mean)")
        }
    }

    @Test("A sign of load halves, and growth waits")
    func load() {
        var search = ConcurrencySearch(start: 16, ceiling: 32)
        search.overloaded()
        #expect(search.limit == 8)
        let limits = simulate(&search, sizes: Array(repeating: 8 << 20, count: 9)) { size, _ in Double(size) / 50e6 }
        #expect(limits.last == 8)
        for _ in 0..<9 { search.overloaded() }
        #expect(search.limit == 1)
    }
}
