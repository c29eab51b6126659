// SPDX-License-Identifier: Apache-2.0

/// Numbers as people read them.
enum Figures {
    /// A duration in the unit that suits it.
    static func seconds(_ seconds: Double) -> String {
        seconds < 0.001
            ? "\(rounded(seconds * 1e6, places: 0)) µs"
            : seconds < 1
                ? "\(rounded(seconds * 1000, places: seconds < 0.1 ? 1 : 0)) ms"
                : "\(rounded(seconds, places: seconds < 100 ? 2 : 0)) s"
    }

    /// A number without a trailing ".0".
    static func plain(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? String(Int(value)) : "\(value)"
    }

    /// A number with a fixed count of decimal places.
    static func rounded(_ value: Double, places: Int) -> String {
        guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((value.magnitude * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard places > 0 else { return sign + String(scaled) }
        let digits = String(repeating: "0", count: max(0, places + 1 - String(scaled).count)) + String(scaled)
        return sign + digits.dropLast(places) + "." + digits.suffix(places)
    }
}

extension String {
    /// The text followed by blanks up to a width, in characters as a terminal shows them.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
