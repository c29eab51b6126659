// SPDX-License-Identifier: Apache-2.0

import Adapters
import FoundationEssentials

/// An adapter in a request: `{"ref": …, "weight": 0.7}`, or a curve `[[progress, weight], …]` as weight, and optionally
/// `groups: {"self": …, "cross": …, "mlp": …}`.
struct RequestedAdapter: Decodable {
    /// What it asks for.
    let reference: AdapterReference

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case ref, weight, groups
    }

    private struct Groups: Decodable {
        var `self`: Double?
        var cross: Double?
        var mlp: Double?
    }

    /// - Throws: `DecodingError` that names the field.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let ref = try container.decode(String.self, forKey: .ref)
        let groups = try container.decodeIfPresent(Groups.self, forKey: .groups)
        let scales = GroupScales(
            selfAttention: groups?.`self` ?? 1,
            crossAttention: groups?.cross ?? 1,
            feedForward: groups?.mlp ?? 1
        )
        // A number, or else a curve; what is neither is reported as the curve it is not.
        if !container.contains(.weight) {
            reference = AdapterReference(ref, groups: scales)
        } else if let weight = try? container.decode(Double.self, forKey: .weight) {
            reference = AdapterReference(ref, weight: weight, groups: scales)
        } else {
            reference = AdapterReference(ref, curve: try Self.curve(container), groups: scales)
        }
    }

    private static func curve(_ container: KeyedDecodingContainer<CodingKeys>) throws -> StrengthCurve {
        let pairs = try container.decode([[Double]].self, forKey: .weight)
        let points = pairs.compactMap { $0.count == 2 ? StrengthCurve.Point(progress: $0[0], weight: $0[1]) : nil }
        guard points.count == pairs.count, let curve = StrengthCurve(points) else {
            throw DecodingError.dataCorruptedError(
                forKey: .weight,
                in: container,
                debugDescription: "a curve is [[progress, weight], …] with progress rising from 0 to 1"
            )
        }
        return curve
    }
}
