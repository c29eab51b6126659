// SPDX-License-Identifier: Apache-2.0

/// What plays the melody and the chords.
///
/// The bass and the drums sound the same in all styles.
package enum Style: String, Sendable, CaseIterable {
    /// Square waves: odd partials, an immediate beginning.
    case chiptune
    /// A few drawbars, steady as long as the key is down.
    case organ
    /// Strings that fade, their high partials first.
    case plucked = "plucked strings"
    /// Few partials that come and go slowly.
    case pads
    /// Partials that are no harmonics, ringing long.
    case bells
    /// All harmonics, the higher ones later.
    case brass
    /// A short fundamental with its fourth partial.
    case marimba

    /// What the small base model learns.
    package static let base: [Style] = [.chiptune, .organ, .plucked, .pads]
    /// What it never hears: its adapters learn these.
    package static let unseen: [Style] = [.bells, .brass, .marimba]

    /// What captions call it; the first is its name.
    var phrases: [String] {
        switch self {
        case .chiptune: [rawValue, "8-bit chiptune", "retro chiptune"]
        case .organ: [rawValue, "church organ", "pipe organ"]
        case .plucked: [rawValue, "soft plucked strings", "guitar-like plucked strings"]
        case .pads: [rawValue, "warm pads", "soft synth pads"]
        case .bells: [rawValue, "ringing bells", "tubular bells"]
        case .brass: [rawValue, "bold brass", "a brass section"]
        case .marimba: [rawValue, "wooden marimba", "a dry marimba"]
        }
    }
}
