// SPDX-License-Identifier: Apache-2.0

/// How far computed values lie from a reference, in units of the reference's largest magnitude.
public struct Agreement: Sendable, CustomStringConvertible {
    /// What was compared.
    public let name: String
    /// The worst difference divided by the reference's largest magnitude; infinite where anything is NaN or the shapes differ.
    public let error: Double
    /// Where the worst difference is, and both values there.
    public let detail: String

    /// Compares values with a reference, both in row-major order.
    ///
    /// - Parameters:
    ///   - name: what is compared; the description begins with it.
    ///   - values: what was computed.
    ///   - reference: what it should be.
    ///   - shape: of the reference; turns a position into indices.
    public init(_ name: String, _ values: [Float], _ reference: [Float], shape: [Int]) {
        self.name = name
        guard values.count == reference.count, !reference.isEmpty else {
            error = .infinity
            detail = "has \(values.count) elements, expected \(reference.count) of shape \(shape)"
            return
        }
        var (worst, position) = (-1.0, 0)
        for index in reference.indices {
            let difference = abs(Double(values[index]) - Double(reference[index]))
            guard difference > worst || difference.isNaN else { continue }
            (worst, position) = (difference.isNaN ? .infinity : difference, index)
            if worst == .infinity { break }
        }
        let magnitude = reference.reduce(0) { max($0, abs(Double($1))) }
        error = worst == 0 ? 0 : worst / magnitude
        detail =
            "at \(Self.indices(of: position, in: shape)): \(values[position]), expected \(reference[position]), "
            + "the largest being \(magnitude)"
    }

    /// One line: what, how far, where.
    public var description: String { "\(name) is off by \(error) \(detail)" }

    private static func indices(of position: Int, in shape: [Int]) -> [Int] {
        var rest = position
        var indices: [Int] = []
        for size in shape.reversed() {
            indices.append(rest % max(size, 1))
            rest /= max(size, 1)
        }
        return indices.reversed()
    }
}
