// SPDX-License-Identifier: Apache-2.0

/// How many beats a bar has.
package enum Metre: Int, Sendable, CaseIterable {
    /// A waltz.
    case three = 3
    /// Common time.
    case four = 4

    /// Beats in a bar.
    package var beats: Int { rawValue }

    /// As the prompt's metas say it.
    package var timeSignature: String { "\(rawValue)" }

    /// How long a chord holds, in beats: half a bar of four, a bar of three.
    var beatsPerChord: Int {
        switch self {
        case .three: 3
        case .four: 2
        }
    }
}
