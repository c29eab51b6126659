// SPDX-License-Identifier: Apache-2.0

package import Adapters

/// How the adapters of a request are computed; the music is the same up to rounding.
public enum AdapterMode: String, Sendable, Codable, CaseIterable {
    /// As branches beside the base's products: nothing to prepare, a little slower in each step.
    case factors
    /// In copies of the base's weights: a second or so and the memory of the copies, then no slower than the base.
    case merged
}

/// Decides for each request between branches and a merged copy, from what each costs.
///
/// A pure value: it measures nothing. It is never far from the better choice, whatever comes: a set is merged once the time that
/// its branches have cost so far, and would cost in this request, exceeds the time that merging takes. Hence a single short
/// request is not kept waiting, and a set in use for long is merged.
package struct AdapterPlanner: Sendable {
    /// A set of adapters with their contents, weights and groups; different sets never share a copy.
    package struct Key: Hashable, Sendable {
        /// One adapter of a set.
        package struct Member: Hashable, Sendable {
            /// Of what its file and its configuration make it do.
            let identity: String
            let weight: Double
            let groups: GroupScales

            /// Names all.
            package init(identity: String, weight: Double, groups: GroupScales) {
                self.identity = identity
                self.weight = weight
                self.groups = groups
            }
        }

        /// In the order of the identities.
        package let members: [Member]

        /// Names the members, in any order.
        package init(_ members: [Member]) {
            self.members = members.sorted { ($0.identity, $0.weight) < ($1.identity, $1.weight) }
        }
    }

    /// What is known when a request is to be computed.
    package struct Situation: Sendable {
        /// What the set costs in either way.
        package var costs: BlendCosts
        /// Passes through the model that the request takes.
        package var passes: Int
        /// Whether the copy is there already.
        package var isKept: Bool
        /// Bytes that copies may take.
        package var budget: Int

        /// Names all.
        package init(costs: BlendCosts, passes: Int, isKept: Bool, budget: Int) {
            self.costs = costs
            self.passes = passes
            self.isKept = isKept
            self.budget = budget
        }
    }

    /// A set's time in branches so far, and when it was last asked for.
    private struct History {
        var branchSeconds = 0.0
        var lastUse = 0
    }

    /// Branches that cost less than this in all are not worth a copy, however cheap it is.
    package static let leastSeconds = 0.05

    /// The sets that are remembered at most.
    private static let mostSets = 64

    /// What the user wants; nil leaves it to the costs.
    package let wanted: AdapterMode?
    private var histories: [Key: History] = [:]
    private var uses = 0

    /// Remembers nothing yet.
    package init(wanted: AdapterMode? = nil) { self.wanted = wanted }

    /// Chooses for a request, and notes what the choice costs.
    package mutating func choose(_ key: Key, in situation: Situation) -> AdapterMode {
        uses += 1
        histories[key, default: History()].lastUse = uses
        if histories.count > Self.mostSets, let oldest = histories.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            histories[oldest.key] = nil
        }
        if let wanted { return wanted }
        if situation.isKept { return .merged }
        let branchSeconds = situation.costs.branchSeconds * Double(situation.passes)
        let total = branchSeconds + (histories[key]?.branchSeconds ?? 0)
        let threshold = max(situation.costs.mergeSeconds, Self.leastSeconds)
        guard total > threshold, situation.costs.mergedByteCount <= situation.budget else {
            histories[key]?.branchSeconds = total
            return .factors
        }
        histories[key]?.branchSeconds = 0
        return .merged
    }
}
