// SPDX-License-Identifier: Apache-2.0

/// The cheapest way to carry the mass of some points to others: the transportation problem, solved exactly.
///
/// Successive shortest augmenting paths with potentials (Edmonds and Karp, 1972), on a full matrix of costs. Each of the n sources has
/// m units and each of the m sinks takes n, so that equal weights stay whole numbers whatever n and m are; for n = m the units are
/// divided out and it is the assignment problem as Jonker and Volgenant (1987) solve it. It takes n·m·(n + m) steps or so: a thousand
/// points a side are a matter of seconds.
struct TransportPlan {
    /// The mean cost of a unit.
    let cost: Double
    /// A sink that each source sends units to; of as many sources as sinks all that it has.
    let partners: [Int]

    /// - Parameters:
    ///   - costs: from each source to each sink, row by row, finite and not negative.
    ///   - sources: rows.
    ///   - sinks: columns.
    init(costs: [Double], sources: Int, sinks: Int) {
        let common = Self.greatestCommonDivisor(sources, sinks)
        var search = Search(
            costs: costs,
            supply: Array(repeating: sinks / common, count: sources),
            demand: Array(repeating: sources / common, count: sinks)
        )
        for source in 0..<sources {
            while search.supply[source] > 0 { search.augment(from: source) }
        }
        var total = 0.0
        for (place, units) in search.flow.enumerated() where units > 0 { total += Double(units) * costs[place] }
        cost = total / Double(sources * sinks / common)
        partners = (0..<sources).map { source in
            (0..<sinks).first { search.flow[source * sinks + $0] > 0 } ?? 0
        }
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }

    /// Where the search for a plan is.
    private struct Search {
        let costs: [Double]
        var supply: [Int]
        var demand: [Int]
        /// Units on the way from each source to each sink.
        var flow: [Int]
        /// Sources that a sink has units from, so that a path back need not look at all.
        private var feeders: [[Int]]
        private var sourcePotential: [Double]
        private var sinkPotential: [Double]

        init(costs: [Double], supply: [Int], demand: [Int]) {
            (self.costs, self.supply, self.demand) = (costs, supply, demand)
            flow = Array(repeating: 0, count: costs.count)
            feeders = Array(repeating: [], count: demand.count)
            sourcePotential = Array(repeating: 0, count: supply.count)
            sinkPotential = Array(repeating: 0, count: demand.count)
        }

        /// Sends units from a source along the path that costs the least, over other units' ways where that is cheaper.
        mutating func augment(from start: Int) {
            let sinks = demand.count
            var sinkDistance = Array(repeating: Double.infinity, count: sinks)
            var parent = Array(repeating: -1, count: sinks)
            var isSettled = Array(repeating: false, count: sinks)
            // Sources that have been reached, each with the sink that it was reached from (−1 for the start).
            var sourceDistance = Array(repeating: Double.infinity, count: supply.count)
            var entry = Array(repeating: -1, count: supply.count)
            var (source, end) = (start, -1)
            var reached = [start]
            sourceDistance[start] = 0
            var pending = [start]
            while end < 0 {
                // Everything that a newly reached source leads to.
                while let next = pending.popLast() {
                    source = next
                    let (base, potential) = (sourceDistance[source], sourcePotential[source])
                    for sink in 0..<sinks where !isSettled[sink] {
                        let distance = base + max(0, costs[source * sinks + sink] - potential - sinkPotential[sink])
                        if distance < sinkDistance[sink] { (sinkDistance[sink], parent[sink]) = (distance, source) }
                    }
                }
                var nearest = -1
                for sink in 0..<sinks where !isSettled[sink] {
                    if nearest < 0 || sinkDistance[sink] < sinkDistance[nearest] { nearest = sink }
                }
                isSettled[nearest] = true
                if demand[nearest] > 0 {
                    end = nearest
                    break
                }
                // A full sink gives back: its feeders may send elsewhere instead, along edges whose reduced cost is zero.
                for feeder in feeders[nearest] where sourceDistance[feeder] == .infinity {
                    sourceDistance[feeder] = sinkDistance[nearest]
                    entry[feeder] = nearest
                    reached.append(feeder)
                    pending.append(feeder)
                }
            }
            let length = sinkDistance[end]
            for source in reached { sourcePotential[source] += length - sourceDistance[source] }
            for sink in 0..<sinks where isSettled[sink] { sinkPotential[sink] -= length - sinkDistance[sink] }
            send(from: start, to: end, parent: parent, entry: entry)
        }

        private mutating func send(from start: Int, to end: Int, parent: [Int], entry: [Int]) {
            let sinks = demand.count
            var units = min(supply[start], demand[end])
            var sink = end
            while parent[sink] != start {
                let source = parent[sink]
                units = min(units, flow[source * sinks + entry[source]])
                sink = entry[source]
            }
            sink = end
            while true {
                let source = parent[sink]
                let edge = source * sinks + sink
                if flow[edge] == 0 { feeders[sink].append(source) }
                flow[edge] += units
                guard source != start else { break }
                let given = entry[source]
                flow[source * sinks + given] -= units
                if flow[source * sinks + given] == 0 { feeders[given].removeAll { $0 == source } }
                sink = given
            }
            supply[start] -= units
            demand[end] -= units
        }
    }
}
