// SPDX-License-Identifier: Apache-2.0

public import Audio
public import Datasets
public import TrainingData

/// What to turn into tensors, and how.
public struct PreprocessingPlan: Sendable {
    /// Under which conditions the model learns.
    public enum Conditioning: String, Sendable {
        /// Those under which `generate` would be asked for the song.
        case generation
        /// Those of Side-Step: raw lyrics, both texts filled up, no reference clip.
        case sideStep = "side-step"
    }

    /// The songs.
    public var songs: SongList
    /// Where the names of the results begin; nil takes the deepest folder that holds all songs.
    public var folder: String?
    /// What that folder is a copy of, such as `s3://bucket/music`, which results then name in its place.
    public var source: String?
    /// The list that the songs come from, for the record; nil if there was none.
    public var list: String?
    /// The directory that the results go to; made where it is missing.
    public var output: String
    /// In which format.
    public var format = TrainingSample.Format.safetensors
    /// Under which conditions the model learns.
    public var conditioning = Conditioning.generation
    /// How loud the songs are made.
    public var level = LevelNormalization.none
    /// Where ``LevelNormalization/peak`` puts the largest sample, in dBFS.
    public var peak = LevelNormalization.defaultPeak
    /// Where ``LevelNormalization/lufs`` puts the loudness, in LUFS.
    public var loudness = LevelNormalization.defaultLoudness
    /// The most seconds to take of a song; nil takes all.
    public var maximumSeconds: Double?
    /// Draws the latents from the posterior, from this seed and the song's name; nil takes the posterior's mean.
    public var posteriorSeed: UInt64?
    /// How many files are read and decoded at once.
    public var decoders = 2

    /// Where unfinished work lies; goes when everything is done.
    var workspace: String { output + "/.preprocessing" }

    /// Songs and where their tensors go.
    public init(songs: SongList, folder: String?, output: String) {
        self.songs = songs
        self.folder = folder
        self.output = output
    }
}

/// How preprocessing went.
public struct PreprocessingReport: Sendable, Codable, Equatable {
    /// A song that could not be turned into tensors.
    public struct Failure: Sendable, Codable, Equatable {
        /// The song.
        public let path: String
        /// Why.
        public let reason: String
    }

    /// The songs of the dataset.
    public let total: Int
    /// Songs whose tensors were made in this run.
    public let processed: Int
    /// Songs whose tensors were there.
    public let skipped: Int
    /// Songs that could not be turned into tensors, in the order of the dataset.
    public let failures: [Failure]
    /// Files of tensors in the directory that are of none of the dataset's songs, and that training would take too.
    public let strangers: [String]
    /// Seconds of sound in all tensors.
    public let seconds: Double
}

/// How far preprocessing is.
public enum PreprocessingEvent: Sendable, Equatable {
    /// Songs whose files were looked at, of all.
    case examined(Int, of: Int)
    /// Songs whose sound is encoded, of those to do.
    case encoded(Int, of: Int)
    /// Songs whose tensors are complete, of those to do.
    case completed(Int, of: Int)
}
