// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with a folder of songs and what is said about them.
public enum DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file or folder cannot be read or written.
    case unusable(path: String, reason: String)
    /// A list of songs is not what it should be; `place` says where in it.
    case malformed(path: String, place: String, reason: String)
    /// There is nothing to learn from.
    case noSongs(path: String, reason: String)
    /// The list is in a format that is not read.
    case parquet(path: String)

    /// What is wrong, with what, and the way out.
    public var description: String {
        switch self {
        case .unusable(let path, let reason): "\(path): \(reason)"
        case .malformed(let path, let place, let reason): "\(path), \(place): \(reason)"
        case .noSongs(let path, let reason): "\(path) has no songs to train on: \(reason)"
        case .parquet(let path):
            "\(path) is a Parquet file, which is not read; convert it: python -c \"from datasets import load_dataset; "
                + "load_dataset('parquet', data_files='\(path)')['train'].to_json('metadata.jsonl')\", "
                + "with the audio as files beside it and their names in the column file_name"
        }
    }
}
