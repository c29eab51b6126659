// SPDX-License-Identifier: Apache-2.0

/// What is remarkable about a dataset before a model learns from it.
public struct DatasetReport: Sendable, Encodable {
    /// One thing about one song.
    public struct Finding: Sendable, Encodable, Equatable {
        /// Whether the song cannot be used; otherwise it can, though perhaps not to the best effect.
        public let isError: Bool
        /// The song's sound file, or the list.
        public let path: String
        /// What it is, and what to do.
        public let message: String
    }

    /// What a sound file's header says.
    public struct Sound: Sendable {
        /// Seconds.
        public let seconds: Double
        /// Frames per second.
        public let sampleRate: Int

        /// Names both.
        public init(seconds: Double, sampleRate: Int) {
            self.seconds = seconds
            self.sampleRate = sampleRate
        }
    }

    /// Everything remarkable, song by song.
    public private(set) var findings: [Finding] = []
    /// How many songs there are.
    public let songs: Int
    /// Seconds of sound, of the files that can be read.
    public private(set) var seconds = 0.0
    /// The shortest and the longest song, in seconds.
    public private(set) var shortest: Double?
    /// The longest song, in seconds.
    public private(set) var longest: Double?
    /// Songs by genre; the empty text stands for none.
    public private(set) var genres: [String: Int] = [:]
    /// Songs by language of their lyrics.
    public private(set) var languages: [String: Int] = [:]
    /// Songs by sample rate.
    public private(set) var sampleRates: [Int: Int] = [:]
    /// Songs in which nobody sings.
    public private(set) var instrumental = 0
    /// Songs whose caption somebody wrote.
    public private(set) var captioned = 0
    /// Songs whose tempo is known.
    public private(set) var withTempo = 0

    /// Looks at every song.
    ///
    /// - Parameters:
    ///   - list: the dataset.
    ///   - sound: what a sound file's header says; throws what is wrong with the file.
    public init(_ list: SongList, sound: (String) throws -> Sound) {
        songs = list.songs.count
        for warning in list.warnings { findings.append(Finding(isError: true, path: "", message: warning)) }
        for song in list.songs {
            do {
                add(try sound(song.audioPath), of: song)
            } catch {
                note(song, "\(error)", isError: true)
            }
            count(song)
            review(song)
        }
    }

    private mutating func note(_ song: Song, _ message: String, isError: Bool = false) {
        findings.append(Finding(isError: isError, path: song.audioPath, message: message))
    }

    private mutating func add(_ sound: Sound, of song: Song) {
        seconds += sound.seconds
        shortest = min(shortest ?? sound.seconds, sound.seconds)
        longest = max(longest ?? sound.seconds, sound.seconds)
        sampleRates[sound.sampleRate, default: 0] += 1
        let stated = song.metadata.duration
        if stated > 0, abs(Double(stated) - sound.seconds) > 2 {
            note(song, "its duration is given as \(stated) s, the file has \(Int(sound.seconds)) s")
        }
        if sound.seconds < 1 { note(song, "it has less than a second of sound") }
    }

    private mutating func count(_ song: Song) {
        genres[song.metadata.genre, default: 0] += 1
        languages[song.metadata.language, default: 0] += 1
        if song.metadata.isInstrumental { instrumental += 1 }
        if song.hasCaption { captioned += 1 }
        if song.metadata.bpm != nil { withTempo += 1 }
    }

    private mutating func review(_ song: Song) {
        let metadata = song.metadata
        if !song.hasCaption {
            note(song, "it has no caption; the model is told its file's name, '\(metadata.caption)'")
        }
        if let bpm = metadata.bpm, !(20...400).contains(bpm) { note(song, "its tempo of \(bpm) bpm cannot be") }
        if metadata.isInstrumental, !SongMetadata.isInstrumental(metadata.lyrics) {
            note(song, "it is marked as instrumental and has lyrics")
        }
        if !metadata.isInstrumental, metadata.rawLyrics.isEmpty {
            note(song, "it is marked as sung and has no lyrics; the model is told that it is instrumental")
        }
        if metadata.promptOverride == .genre, metadata.genre.isEmpty {
            note(song, "its prompt should be its genre, which it has none of")
        }
    }

    /// Whether a song cannot be used.
    public var hasErrors: Bool { findings.contains(where: \.isError) }
}
