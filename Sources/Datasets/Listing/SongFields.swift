// SPDX-License-Identifier: Apache-2.0

/// One entry of a list of songs, whose fields go by several names.
struct SongFields {
    let fields: [String: JSONValue]
    /// The file that holds the entry, for messages.
    let path: String
    /// Where in the file it is.
    let place: String

    /// The first of the fields that is there and not null.
    private func value(_ names: [String]) -> (name: String, value: JSONValue)? {
        for name in names { if let value = fields[name], value != .null { return (name, value) } }
        return nil
    }

    /// Text of the first of the fields that is there.
    ///
    /// - Throws: ``DatasetError/malformed(path:place:reason:)`` if it is a list or an object.
    func text(_ names: String...) throws -> String? {
        guard let (name, value) = value(names) else { return nil }
        guard let text = value.text else { throw malformed("\(name) is \(value.kind), expected text") }
        return text
    }

    private func wholeNumber(_ names: String...) throws -> Int? {
        guard let (name, value) = value(names) else { return nil }
        guard let text = value.text else { throw malformed("\(name) is \(value.kind), expected a number") }
        return Sidecar.wholeNumber(text)
    }

    /// Whether the first of the fields that is there says yes; nil where none says anything.
    ///
    /// - Throws: ``DatasetError/malformed(path:place:reason:)`` if it is a list or an object.
    func flag(_ names: String...) throws -> Bool? {
        guard let (name, value) = value(names) else { return nil }
        switch value {
        case .bool(let flag): return flag
        case .text(let text): return text.isEmpty ? nil : ["true", "1", "yes"].contains(text.lowercased())
        case .number(let number): return number != 0
        case .null, .list, .object: throw malformed("\(name) is \(value.kind), expected true or false")
        }
    }

    func malformed(_ reason: String) -> DatasetError { .malformed(path: path, place: place, reason: reason) }

    /// What the entry says of a song.
    ///
    /// - Throws: ``DatasetError/malformed(path:place:reason:)``.
    func metadata(audioPath: String) throws -> SongMetadata {
        var metadata = SongMetadata(audioPath: audioPath)
        if let caption = try text("caption", "text", "prompt", "description"), !caption.isEmpty {
            metadata.caption = caption
        }
        metadata.genre = try text("genre") ?? ""
        // Lyrics that are there count as they are, even if they are empty.
        metadata.lyrics = try text("lyrics", "raw_lyrics", "transcription") ?? SongMetadata.instrumental
        metadata.bpm = try wholeNumber("bpm", "tempo")
        metadata.keyScale = try text("keyscale", "key", "key_scale") ?? ""
        metadata.timeSignature = try text("timesignature", "signature", "time_signature") ?? ""
        metadata.duration = max(0, try wholeNumber("duration") ?? 0)
        metadata.language = try text("language", "lang") ?? "unknown"
        metadata.isInstrumental =
            try flag("is_instrumental", "instrumental") ?? SongMetadata.isInstrumental(metadata.lyrics)
        metadata.trigger = try text("custom_tag", "trigger") ?? ""
        metadata.promptOverride = try text("prompt_override").flatMap { .init(rawValue: $0.lowercased()) }
        metadata.tags = try text("tags") ?? ""
        metadata.repeats = max(1, try wholeNumber("repeat", "repeats") ?? 1)
        return metadata
    }
}
