// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Adapters
import FoundationEssentials

/// An adapter in a request: `{"ref": …, "weight": 0.7}`, or a curve `[[progress, weight], …]` as weight, and optionally
/// `span: [start, end]` in seconds of the song and `groups: {"self": …, "cross": …, "mlp": …}`.
struct RequestedAdapter: Decodable {
    /// What it asks for.
    let reference: AdapterReference

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case ref, weight, span, groups
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
        let span = try Self.span(container)
        // A number, or else a curve; what is neither is reported as the curve it is not.
        if !container.contains(.weight) {
            reference = AdapterReference(ref, groups: scales, span: span)
        } else if let weight = try? container.decode(Double.self, forKey: .weight) {
            reference = AdapterReference(ref, weight: weight, groups: scales, span: span)
        } else {
            reference = AdapterReference(ref, curve: try Self.curve(container), groups: scales, span: span)
        }
    }

    private static func span(_ container: KeyedDecodingContainer<CodingKeys>) throws -> SongSpan? {
        guard let ends = try container.decodeIfPresent([Double].self, forKey: .span) else { return nil }
        guard ends.count == 2 else {
            throw EngineError.requestedSpan("[\(ends.map { "\($0)" }.joined(separator: ", "))]")
        }
        guard let span = try? SongSpan(from: ends[0], to: ends[1]) else {  // which names the field, not the file
            throw EngineError.requestedSpan("[\(ends[0]), \(ends[1])]")
        }
        return span
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
