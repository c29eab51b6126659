// SPDX-License-Identifier: Apache-2.0

/// A regular expression compiled to a non-deterministic automaton.
///
/// Patterns come from files of strangers, hence no backtracking: all states advance together, so that a match costs at
/// most states × characters, whatever the pattern (Thompson 1968, "Regular Expression Search Algorithm").
struct PatternProgram: Sendable, Equatable {
    /// The most states a pattern may have once its counted repeats are written out.
    static let maximumSize = 4096

    private enum Instruction: Sendable, Equatable {
        case scalars(ScalarSet)
        case anchor(PatternAnchor)
        case jump(Int)
        case split(Int, Int)
        case match
    }

    private var instructions: [Instruction] = []
    /// Nodes visited while compiling: bounds repeats of parts that emit nothing.
    private var visits = 0

    init(_ node: PatternNode) throws(PatternFailure) {
        try emit(node)
        instructions.append(.match)
    }

    private mutating func emit(_ node: PatternNode) throws(PatternFailure) {
        visits += 1
        guard visits <= Self.maximumSize, instructions.count <= Self.maximumSize else {
            throw PatternFailure("too large when its repeats are written out")
        }
        switch node {
        case .scalars(let set): instructions.append(.scalars(set))
        case .anchor(let anchor): instructions.append(.anchor(anchor))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .alternation(let branches): try emitAlternation(branches)
        case .repetition(let node, let minimum, let maximum):
            for _ in 0..<minimum { try emit(node) }
            if let maximum { try emitOptional(node, times: maximum - minimum) } else { try emitLoop(node) }
        }
    }

    private mutating func emitAlternation(_ branches: [PatternNode]) throws(PatternFailure) {
        var jumps: [Int] = []
        for branch in branches.dropLast() {
            let split = instructions.count
            instructions.append(.match)
            try emit(branch)
            jumps.append(instructions.count)
            instructions.append(.match)
            instructions[split] = .split(split + 1, instructions.count)
        }
        if let last = branches.last { try emit(last) }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
    }

    private mutating func emitOptional(_ node: PatternNode, times: Int) throws(PatternFailure) {
        var splits: [Int] = []
        for _ in 0..<times {
            splits.append(instructions.count)
            instructions.append(.match)
            try emit(node)
        }
        for split in splits { instructions[split] = .split(split + 1, instructions.count) }
    }

    private mutating func emitLoop(_ node: PatternNode) throws(PatternFailure) {
        let split = instructions.count
        instructions.append(.match)
        try emit(node)
        instructions.append(.jump(split))
        instructions[split] = .split(split + 1, instructions.count)
    }

    /// Whether the expression matches from the start of `text`; what follows the match does not matter.
    ///
    /// - Parameters:
    ///   - text: the scalars to match.
    ///   - budget: steps left to spend; the caller checks that it has not become negative.
    /// - Returns: whether it matches; meaningless once the budget is negative.
    func matchesPrefix(of text: [UInt32], budget: inout Int) -> Bool {
        budget -= instructions.count
        var states = StateSet(count: instructions.count)
        var upcoming = StateSet(count: instructions.count)
        var isMatched = follow(0, into: &states, text, at: 0, &budget)
        for (position, scalar) in text.enumerated() {
            guard !isMatched, !states.isEmpty, budget >= 0 else { break }
            upcoming.removeAll()
            for state in states.members {
                guard case .scalars(let set) = instructions[state] else { continue }
                budget -= set.ranges.count
                guard set.contains(scalar) else { continue }
                if follow(state + 1, into: &upcoming, text, at: position + 1, &budget) { isMatched = true }
            }
            swap(&states, &upcoming)
        }
        return isMatched
    }

    /// Adds a state and all that it reaches without reading.
    ///
    /// True if the end of the pattern is among them.
    private func follow(
        _ start: Int,
        into states: inout StateSet,
        _ text: [UInt32],
        at position: Int,
        _ budget: inout Int
    ) -> Bool {
        var pending = [start]
        var isMatched = false
        while let state = pending.popLast() {
            guard states.insert(state) else { continue }
            budget -= 1
            switch instructions[state] {
            case .scalars: break
            case .match: isMatched = true
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending += [second, first]
            case .anchor(let anchor): if anchor.holds(in: text, at: position) { pending.append(state + 1) }
            }
        }
        return isMatched
    }
}

/// A set of small integers that is cheap to clear.
private struct StateSet {
    private(set) var members: [Int] = []
    private var isMember: [Bool]

    init(count: Int) {
        isMember = Array(repeating: false, count: count)
    }

    var isEmpty: Bool { members.isEmpty }

    mutating func insert(_ state: Int) -> Bool {
        guard !isMember[state] else { return false }
        isMember[state] = true
        members.append(state)
        return true
    }

    mutating func removeAll() {
        for state in members { isMember[state] = false }
        members.removeAll(keepingCapacity: true)
    }
}
