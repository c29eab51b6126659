// SPDX-License-Identifier: Apache-2.0

/// The file formats that can be written.
public enum AudioFormat: String, Sendable, CaseIterable {
    /// RIFF WAVE, uncompressed; written here, without a library.
    case wav
    /// FLAC, lossless.
    case flac
    /// MPEG layer III with a variable bit rate.
    case mp3
    /// Ogg with Vorbis.
    case ogg
    /// Ogg with Opus; only for 8, 12, 16, 24 and 48 kHz.
    case opus

    /// The format for a file extension, without the dot, in any case; nil if there is none.
    public init?(fileExtension: String) {
        switch fileExtension.lowercased() {
        case "wav", "wave": self = .wav
        case "flac": self = .flac
        case "mp3": self = .mp3
        case "ogg", "oga": self = .ogg
        case "opus": self = .opus
        default: return nil
        }
    }

    /// The format that a path's extension asks for.
    ///
    /// - Throws: ``AudioError/unknownExtension(path:)``, whose message lists the supported extensions.
    public init(path: String) throws(AudioError) {
        guard let text = FilePathParts(path).fileExtension, let format = Self(fileExtension: text) else {
            throw .unknownExtension(path: path)
        }
        self = format
    }

    /// The usual extension, without the dot.
    public var fileExtension: String { rawValue }

    /// The media type for HTTP.
    public var mediaType: String {
        switch self {
        case .wav: "audio/wav"
        case .flac: "audio/flac"
        case .mp3: "audio/mpeg"
        case .ogg, .opus: "audio/ogg"
        }
    }

    /// The name to show to people.
    public var name: String {
        switch self {
        case .wav: "WAV"
        case .flac: "FLAC"
        case .mp3: "MP3"
        case .ogg: "Ogg Vorbis"
        case .opus: "Ogg Opus"
        }
    }

    /// `.wav, .flac, .mp3, .ogg or .opus`, for messages.
    static var extensionList: String {
        let all = allCases.map { ".\($0.fileExtension)" }
        return all.dropLast().joined(separator: ", ") + " or " + (all.last ?? "")
    }
}
