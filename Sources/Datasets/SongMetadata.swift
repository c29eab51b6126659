// SPDX-License-Identifier: Apache-2.0

/// What is said about a song: what the model is told while it learns from it.
public struct SongMetadata: Sendable, Equatable {
    /// Which of a song's texts is its prompt.
    public enum PromptChoice: String, Sendable, Codable {
        /// The caption.
        case caption
        /// The genre.
        case genre
    }

    /// What stands for lyrics where there are none.
    public static let instrumental = "[Instrumental]"

    /// The main text of the prompt.
    public var caption: String
    /// Another text for the prompt.
    public var genre = ""
    /// What the model is told is sung.
    public var lyrics = instrumental
    /// Beats a minute.
    public var bpm: Int?
    /// The key, such as `E minor`.
    public var keyScale = ""
    /// Beats in a bar, such as `4` or `3/4`.
    public var timeSignature = ""
    /// Seconds, rounded down; 0 where it is unknown.
    public var duration = 0
    /// The language of the lyrics.
    public var language = "unknown"
    /// Whether nobody sings.
    public var isInstrumental = true
    /// The word that calls the style up.
    public var trigger = ""
    /// Which text is the prompt, whatever the dataset's share of genres.
    public var promptOverride: PromptChoice?
    /// Tags; carried, and no part of the prompt.
    public var tags = ""
    /// How often the song counts; carried for the tools that heed it.
    public var repeats = 1

    /// A song of which only its caption is known.
    public init(caption: String) { self.caption = caption }

    /// What is known of a song by its file's name alone.
    public init(audioPath: String) {
        caption = SongPath(audioPath).stem.map { $0 == "_" || $0 == "-" ? " " : String($0) }.joined()
    }

    /// The lyrics as somebody wrote them; empty where there are none.
    public var rawLyrics: String { lyrics == Self.instrumental ? "" : lyrics }

    /// Whether the lyrics say that nobody sings.
    static func isInstrumental(_ lyrics: String) -> Bool { lyrics.isEmpty || lyrics.contains(instrumental) }
}
