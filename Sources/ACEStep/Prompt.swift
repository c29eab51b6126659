// SPDX-License-Identifier: Apache-2.0

/// The two texts that the model is conditioned on, in exactly the form it was trained with.
public struct Prompt: Sendable, Hashable {
    /// What the text encoder reads: instruction, caption and metas.
    public let caption: String
    /// What the lyric encoder reads: language and lyrics.
    public let lyrics: String

    /// What the model is asked to do when it makes music from text alone.
    public static let textToMusic = "Fill the audio semantic mask based on the given conditions:"

    /// Most caption tokens the model reads.
    public static let longestCaption = 256
    /// Most lyric tokens the model reads.
    public static let longestLyrics = 2048

    /// Writes the texts of a request.
    ///
    /// Nothing is trimmed: what the user wrote goes in as it is.
    public init(_ request: MusicRequest) {
        let instruction = request.instruction.hasSuffix(":") ? request.instruction : request.instruction + ":"
        let metas = """
            - bpm: \(request.bpm?.text ?? "N/A")
            - timesignature: \(Self.orNone(request.timeSignature))
            - keyscale: \(Self.orNone(request.keyScale))
            - duration: \(request.wholeSeconds) seconds

            """
        caption =
            "# Instruction\n\(instruction)\n\n# Caption\n\(request.tags)\n\n# Metas\n\(metas)<|endoftext|>\n"
        lyrics = "# Languages\n\(request.vocalLanguage)\n\n# Lyric\n\(request.lyrics)<|endoftext|>"
    }

    private static func orNone(_ text: String?) -> String {
        guard let text, !text.unicodeScalars.allSatisfy(\.properties.isWhitespace) else { return "N/A" }
        return text
    }
}
