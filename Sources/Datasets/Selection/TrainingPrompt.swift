// SPDX-License-Identifier: Apache-2.0

/// Where a trigger word stands in a prompt.
public enum TriggerPosition: String, Sendable, Codable, CaseIterable {
    /// Before the text.
    case prepend
    /// After the text.
    case append
    /// In its place.
    case replace
}

/// What the model is told about a song while it learns.
public struct TrainingPrompt: Sendable, Equatable {
    /// The caption or the genre, with the trigger word.
    public let text: String

    /// Chooses the text and adds the trigger word.
    ///
    /// - Parameters:
    ///   - metadata: the song's.
    ///   - isGenreSelected: whether the dataset's share of genres fell on the song.
    ///   - trigger: the dataset's trigger word, for songs that have none.
    ///   - position: where it stands.
    public init(
        _ metadata: SongMetadata,
        isGenreSelected: Bool,
        trigger: String = "",
        position: TriggerPosition = .prepend
    ) {
        let chosen =
            switch metadata.promptOverride {
            case .genre: metadata.genre
            case .caption: metadata.caption
            case nil: isGenreSelected && !metadata.genre.isEmpty ? metadata.genre : metadata.caption
            }
        let word = metadata.trigger.isEmpty ? trigger : metadata.trigger
        text =
            if word.isEmpty {
                chosen
            } else if chosen.isEmpty {
                word
            } else {
                switch position {
                case .prepend: "\(word), \(chosen)"
                case .append: "\(chosen), \(word)"
                case .replace: word
                }
            }
    }

    /// The whole prompt as Side-Step writes it, byte for byte, with a duration of 0 where it is unknown.
    ///
    /// - Parameter metadata: the song's.
    /// - Returns: the text that the text encoder reads.
    public func sideStepCaption(_ metadata: SongMetadata) -> String {
        func orNone(_ text: String) -> String { text.isEmpty || text == "0" ? "N/A" : text }
        return """
            # Instruction
            Fill the audio semantic mask based on the given conditions:

            # Caption
            \(text)

            # Metas
            - bpm: \(orNone(metadata.bpm.map(String.init) ?? ""))
            - timesignature: \(orNone(metadata.timeSignature))
            - keyscale: \(orNone(metadata.keyScale))
            - duration: \(metadata.duration) seconds
            <|endoftext|>

            """
    }
}
