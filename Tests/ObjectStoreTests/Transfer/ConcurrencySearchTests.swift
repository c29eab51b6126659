// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import Testing

@Suite("ConcurrencySearch")
struct ConcurrencySearchTests {
    /// Runs requests against a server that moves `rate(n)` bytes a second in all when `n` run at once.
    ///
    /// - Returns: The limit after each request.
    private func simulate(
        _ search: inout ConcurrencySearch,
        requests: Int,
        bytes: Int = 8 << 20,
        from start: Double = 0,
        rate: (Int) -> Double
    ) -> [Int] {
        var (now, limits) = (start, [Int]())
        for _ in 0..<requests {
            now += Double(bytes) / rate(search.limit)
            search.succeeded(bytes, now: .seconds(now))
            limits.append(search.limit)
        }
        return limits
    }

    @Test("A line that gives each connection so much is filled")
    func thinConnections() {
        var search = ConcurrencySearch(start: 4, ceiling: 32)
        let limits = simulate(&search, requests: 100) { Double($0) * 50e6 }
        #expect(limits.last == 32)
        #expect(limits.firstIndex(of: 32).map { $0 < 40 } == true)
    }

    @Test("A server that is busy with a few connections is not given many", arguments: [2, 4, 8])
    func nearServer(enough: Int) {
        var search = ConcurrencySearch(start: 2, ceiling: 32)
        let limits = simulate(&search, requests: 1000) { 500e6 * Double(min($0, enough)) / Double(enough) }
        let mean = Double(limits.reduce(0, +)) / 1000
        #expect(limits.max() == enough * 2, "it is tried")
        #expect(mean < Double(enough) * 1.3, "and given up: \(mean)")
    }

    @Test("A line that becomes wider later is noticed")
    func widening() {
        var search = ConcurrencySearch(start: 4, ceiling: 32)
        let before = simulate(&search, requests: 200) { _ in 100e6 }
        #expect(before.last == 4)
        let after = simulate(&search, requests: 400, from: 1e4) { Double($0) * 50e6 }
        #expect(after.last == 32)
    }

    @Test("Small objects count by their number")
    func smallObjects() {
        var search = ConcurrencySearch(start: 4, ceiling: 32)
        // 30 ms each, whatever is in them.
        let limits = simulate(&search, requests: 200, bytes: 800) { Double($0) * 800 / 0.03 }
        #expect(limits.last == 32)
    }

    @Test("A sign of load halves, and growth waits")
    func load() {
        var search = ConcurrencySearch(start: 16, ceiling: 32)
        search.overloaded()
        #expect(search.limit == 8)
        let limits = simulate(&search, requests: 9) { Double($0) * 50e6 }
        #expect(limits.last == 8)
        for _ in 0..<9 { search.overloaded() }
        #expect(search.limit == 1)
    }
}
