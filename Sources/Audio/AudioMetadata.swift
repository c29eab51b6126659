// SPDX-License-Identifier: Apache-2.0

/// Text carried inside a sound file, in UTF-8.
///
/// LIST/INFO in WAV, Vorbis comments in FLAC and Ogg, ID3v2 in MP3.
public struct AudioMetadata: Sendable, Equatable {
    /// The title.
    public var title: String?
    /// Who made it.
    public var artist: String?
    /// Free text; a generated file carries its request here, as JSON.
    public var comment: String?
    /// The program that wrote the file.
    public var software: String?
    /// When, ISO 8601.
    public var date: String?

    /// Metadata with the given fields; a missing one is not written.
    public init(
        title: String? = nil,
        artist: String? = nil,
        comment: String? = nil,
        software: String? = nil,
        date: String? = nil
    ) {
        self.title = title
        self.artist = artist
        self.comment = comment
        self.software = software
        self.date = date
    }

    /// The fields, and what each format calls them.
    enum Field: String, CaseIterable {
        case title
        case artist
        case comment
        case software
        case date
    }

    subscript(field: Field) -> String? {
        get {
            switch field {
            case .title: title
            case .artist: artist
            case .comment: comment
            case .software: software
            case .date: date
            }
        }
        set {
            switch field {
            case .title: title = newValue
            case .artist: artist = newValue
            case .comment: comment = newValue
            case .software: software = newValue
            case .date: date = newValue
            }
        }
    }

    /// The fields that have text, in a fixed order.
    ///
    /// - Throws: ``AudioError/invalidMetadata(field:)`` for a text with a NUL, the terminator in each of the formats.
    func entries() throws(AudioError) -> [(field: Field, text: String)] {
        var entries: [(field: Field, text: String)] = []
        for field in Field.allCases {
            guard let text = self[field], !text.isEmpty else { continue }
            guard !text.utf8.contains(0) else { throw .invalidMetadata(field: field.rawValue) }
            entries.append((field, text))
        }
        return entries
    }
}
