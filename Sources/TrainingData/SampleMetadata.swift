// SPDX-License-Identifier: Apache-2.0

public import Datasets

/// What a file of tensors says about its song, under Side-Step's names.
public struct SampleMetadata: Sendable, Equatable, Codable {
    /// Where the sound was.
    public var audioPath = ""
    /// The sound file's name.
    public var filename = ""
    /// The caption.
    public var caption = ""
    /// What the model was told is sung.
    public var lyrics = ""
    /// Seconds, rounded down.
    public var duration = 0
    /// Beats a minute.
    public var bpm: Int?
    /// The key.
    public var keyscale = ""
    /// Beats in a bar.
    public var timesignature = ""
    /// The genre.
    public var genre = ""
    /// Whether nobody sings.
    public var isInstrumental = true
    /// The song's own trigger word.
    public var customTag = ""
    /// Which text was the prompt, if the song said so.
    public var promptOverride: String?
    /// How often the song counts.
    public var `repeat` = 1
    /// The text that the model was told, with the trigger word; nil in files of other programs.
    public var prompt: String?
    /// What the tensors were made from and how, so that a later run knows whether to make them again; nil in files of
    /// other programs.
    public var fingerprint: String?
    /// What the latents were made from and how, so that they serve again when only words have changed.
    public var soundFingerprint: String?
    /// How long the sound is, in whole seconds, whatever the words say.
    public var soundSeconds: Int?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case filename, caption, lyrics, duration, bpm, keyscale, timesignature, genre, `repeat`, prompt, fingerprint
        case audioPath = "audio_path"
        case isInstrumental = "is_instrumental"
        case customTag = "custom_tag"
        case promptOverride = "prompt_override"
        case soundFingerprint = "sound_fingerprint"
        case soundSeconds = "sound_seconds"
    }

    /// Of a song of which nothing is said.
    public init() {}

    /// Of a song.
    ///
    /// - Parameters:
    ///   - song: what is said about it.
    ///   - origin: where it is.
    ///   - duration: seconds of its sound.
    ///   - prompt: the text that the model is told.
    ///   - fingerprint: what the tensors are made from, and how.
    ///   - sound: what the latents are made from and how, and how long the sound is.
    public init(
        _ song: Song,
        origin: String,
        duration: Int,
        prompt: String,
        fingerprint: String,
        sound: (fingerprint: String, seconds: Int)? = nil
    ) {
        let metadata = song.metadata
        audioPath = origin
        filename = SongPath(song.audioPath).name
        caption = metadata.caption
        lyrics = metadata.lyrics
        self.duration = duration
        bpm = metadata.bpm
        keyscale = metadata.keyScale
        timesignature = metadata.timeSignature
        genre = metadata.genre
        isInstrumental = metadata.isInstrumental
        customTag = metadata.trigger
        promptOverride = metadata.promptOverride?.rawValue
        self.prompt = prompt
        self.fingerprint = fingerprint
        soundFingerprint = sound?.fingerprint
        soundSeconds = sound?.seconds
    }
}
