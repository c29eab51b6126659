// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The text file beside a song that says what it is: `key: value` lines and, last, the lyrics.
///
/// Read and written as Side-Step does, but for what is a defect there: a line that begins with `#` is a remark unless it is
/// lyrics, and a key without a value counts as absent.
public struct Sidecar: Sendable, Equatable {
    /// What each key says, without the keys that say nothing.
    private(set) var values: [SidecarKey: String] = [:]

    /// An empty sidecar.
    public init() {}

    /// Reads a sidecar's text.
    ///
    /// A line starts a key if the text before its first colon is a known one; others continue the value before. After
    /// `lyrics:` everything is lyrics. Text before the first key is dropped.
    public init(text: String) {
        var current: SidecarKey?
        var lines: [SidecarKey: [Substring]] = [:]
        for line in Self.lines(of: text) {
            if current != .lyrics, let (key, value) = Self.start(line) {
                lines[key] = [Self.trimmed(value)]
                current = key
            } else if let current {
                guard current == .lyrics || !Self.isRemark(line) else { continue }
                lines[current]?.append(Self.trimmedEnd(line))
            }
        }
        for (key, parts) in lines {
            let value = Self.trimmed(parts.joined(separator: "\n")[...])
            if !value.isEmpty { values[key] = String(value) }
        }
    }

    /// Whether the text has a known key at all; without one it is lyrics and nothing else.
    static func hasKeys(_ text: String) -> Bool { lines(of: text).contains { start($0) != nil } }

    /// Lines of any platform.
    private static func lines(of text: String) -> [Substring] {
        trimmed(text[...]).split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
    }

    private static func start(_ line: Substring) -> (key: SidecarKey, value: Substring)? {
        let content = line.drop(while: \.isWhitespace)
        // A line such as "[Verse 1: the caption]" is a mark in lyrics.
        guard content.first != "[", let colon = content.firstIndex(of: ":") else { return nil }
        guard let key = SidecarKey(spelling: trimmed(content[..<colon])) else { return nil }
        return (key, content[content.index(after: colon)...])
    }

    private static func isRemark(_ line: Substring) -> Bool { line.drop(while: \.isWhitespace).first == "#" }

    private static func trimmedEnd(_ text: Substring) -> Substring {
        var text = text
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    private static func trimmed(_ text: Substring) -> Substring { trimmedEnd(text.drop(while: \.isWhitespace)) }

    /// The file's text: the keys in their order, then the lyrics.
    public var text: String {
        var text = ""
        for key in SidecarKey.always { text += "\(key.rawValue):\(values[key].map { " " + $0 } ?? "")\n" }
        let rest = values.keys.filter { !SidecarKey.always.contains($0) && $0 != .lyrics }
        for key in rest.sorted(by: { $0.rawValue < $1.rawValue }) { text += "\(key.rawValue): \(values[key] ?? "")\n" }
        text += "lyrics:\n"
        if let lyrics = values[.lyrics] { text += lyrics + "\n" }
        return text
    }

    subscript(key: SidecarKey) -> String? {
        get { values[key] }
        set { values[key] = newValue.flatMap { $0.isEmpty ? nil : $0 } }
    }
}

extension Sidecar {
    /// How a new sidecar is laid over the one that is there; what it leaves empty never replaces anything.
    public enum Merge: String, Sendable, CaseIterable {
        /// Takes only what is missing.
        case fillMissing = "fill_missing"
        /// Takes the caption, else what is missing.
        case overwriteCaption = "overwrite_caption"
        /// Takes the lyrics, else what is missing.
        case overwriteLyrics = "overwrite_lyrics"
        /// Takes caption, lyrics, genre, tempo, key, signature and whether nobody sings, else what is missing.
        case overwriteAll = "overwrite_all"

        fileprivate var overwritten: Set<SidecarKey> {
            switch self {
            case .fillMissing: []
            case .overwriteCaption: [.caption]
            case .overwriteLyrics: [.lyrics]
            case .overwriteAll: [.caption, .lyrics, .genre, .bpm, .key, .signature, .isInstrumental]
            }
        }
    }

    /// This sidecar with another laid over it.
    public func merged(with new: Sidecar, _ policy: Merge) -> Sidecar {
        var result = self
        result.values.merge(new.values) { old, new in old }
        for key in policy.overwritten { if let value = new.values[key] { result.values[key] = value } }
        return result
    }

    /// Says what a song's metadata say.
    public init(_ metadata: SongMetadata) {
        self[.caption] = metadata.caption
        self[.genre] = metadata.genre
        self[.bpm] = metadata.bpm.map(String.init)
        self[.key] = metadata.keyScale
        self[.signature] = metadata.timeSignature
        self[.isInstrumental] = metadata.isInstrumental ? "true" : "false"
        self[.customTag] = metadata.trigger
        self[.promptOverride] = metadata.promptOverride?.rawValue
        self[.language] = metadata.language == "unknown" ? nil : metadata.language
        self[.tags] = metadata.tags
        self[.repeats] = metadata.repeats == 1 ? nil : String(metadata.repeats)
        self[.duration] = metadata.duration == 0 ? nil : String(metadata.duration)
        self[.lyrics] = metadata.rawLyrics
    }

    /// What the sidecar says of a song.
    ///
    /// - Parameter audioPath: the song, whose name is the caption where none is given.
    /// - Returns: its words in their places, and defaults for the others.
    public func metadata(audioPath: String) -> SongMetadata {
        var metadata = SongMetadata(audioPath: audioPath)
        if let caption = self[.caption] { metadata.caption = caption }
        metadata.genre = self[.genre] ?? ""
        metadata.lyrics = self[.lyrics] ?? SongMetadata.instrumental
        metadata.bpm = self[.bpm].flatMap(Self.wholeNumber)
        metadata.keyScale = self[.key] ?? ""
        metadata.timeSignature = self[.signature] ?? ""
        metadata.duration = max(0, self[.duration].flatMap(Self.wholeNumber) ?? 0)
        metadata.language = self[.language] ?? "unknown"
        metadata.isInstrumental =
            self[.isInstrumental].map { ["true", "1", "yes"].contains($0.lowercased()) }
            ?? SongMetadata.isInstrumental(metadata.rawLyrics)
        metadata.trigger = self[.customTag] ?? self[.trigger] ?? ""
        metadata.promptOverride = self[.promptOverride].flatMap { .init(rawValue: $0.lowercased()) }
        metadata.tags = self[.tags] ?? ""
        metadata.repeats = max(1, self[.repeats].flatMap(Self.wholeNumber) ?? 1)
        return metadata
    }

    /// A number as people write it, its fraction dropped; nil if it is none or beyond reason.
    static func wholeNumber(_ text: String) -> Int? {
        guard let value = Double(text), abs(value) < 1e9 else { return nil }
        return Int(value)
    }
}
