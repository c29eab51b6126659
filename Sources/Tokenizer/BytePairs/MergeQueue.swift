// SPDX-License-Identifier: Apache-2.0

/// The joins still possible in a word, as a binary heap: lowest rank first, leftmost among equals.
struct MergeQueue {
    /// A pair that was found at a symbol.
    struct Step {
        var rank: UInt32
        var index: Int32
        /// The token that the pair would become.
        var id: Int32

        fileprivate var order: UInt64 { UInt64(rank) << 32 | UInt64(UInt32(bitPattern: index)) }
    }

    private var steps: [Step] = []

    /// Adds a step.
    mutating func insert(_ step: Step) {
        steps.append(step)
        var child = steps.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard steps[child].order < steps[parent].order else { return }
            steps.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the step that comes first.
    mutating func removeFirst() -> Step? {
        guard let first = steps.first else { return nil }
        let last = steps.removeLast()
        guard !steps.isEmpty else { return first }
        steps[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < steps.count else { return first }
            if child + 1 < steps.count, steps[child + 1].order < steps[child].order { child += 1 }
            guard steps[child].order < steps[parent].order else { return first }
            steps.swapAt(child, parent)
            parent = child
        }
    }
}
