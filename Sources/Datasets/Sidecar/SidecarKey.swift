// SPDX-License-Identifier: Apache-2.0

/// The keys of a sidecar, in the order in which they are written.
enum SidecarKey: String, CaseIterable {
    case caption, genre, bpm, key, signature
    case isInstrumental = "is_instrumental"
    case customTag = "custom_tag"
    case duration, language
    case promptOverride = "prompt_override"
    case repeats = "repeat"
    case tags, trigger, lyrics

    /// Other spellings that files have.
    private static let aliases: [String: SidecarKey] = [
        "tempo": .bpm, "keyscale": .key, "scale": .key, "timesignature": .signature, "time_signature": .signature,
        "sig": .signature, "repeats": .repeats, "lang": .language,
    ]

    /// Written in every sidecar, even when there is nothing to say.
    static let always: [SidecarKey] = [.caption, .genre, .bpm, .key, .signature, .isInstrumental]

    /// The key of a file's spelling; nil if it is none.
    init?(spelling: some StringProtocol) {
        let name = spelling.lowercased()
        guard let key = Self(rawValue: name) ?? Self.aliases[name] else { return nil }
        self = key
    }
}
