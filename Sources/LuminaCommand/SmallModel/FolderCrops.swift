// SPDX-License-Identifier: Apache-2.0

import Audio
import FoundationEssentials
import Training

/// Crops of sound files, which are read when they are asked for, a crop at a time.
final class FolderCrops: CropSource {
    private let files: [String]
    private let folder: String
    private let sampleRate: Int
    private let channels: Int
    private var frames: [String: Int] = [:]
    private static let endings: Set = ["wav", "flac", "mp3", "ogg", "opus", "aiff", "aif"]

    /// Lists a folder.
    ///
    /// - Parameters:
    ///   - folder: has the files, in folders of its own too.
    ///   - sampleRate: what all of them must have.
    ///   - channels: how many a crop has; a file's one channel stands for each.
    /// - Throws: an error if there are none.
    init(_ folder: String, sampleRate: Int, channels: Int) throws {
        (self.folder, self.sampleRate, self.channels) = (folder, sampleRate, channels)
        // A folder that cannot be listed has none.
        files = ((try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [])
            .filter { Self.endings.contains($0.split(separator: ".").last?.lowercased() ?? "") }.sorted()
        guard !files.isEmpty else { throw CropError.noFiles(folder: folder) }
    }

    /// The files by name.
    var identity: String { "\(files.count) files of \(folder), \(files[0]) to \(files[files.count - 1])" }

    /// A crop; the file and where it lies in it are drawn from its number.
    func crop(_ number: Int, length: Int) throws -> [Float] {
        let path = folder + "/" + files[Int(CropDraw.mix(UInt64(number), 1) % UInt64(files.count))]
        let count = try frameCount(path)
        let start = CropDraw.start(number, frames: count, length: length)
        let sound = try AudioFile.read(path, frames: start..<min(count, start + length))
        let silence = [Float](repeating: 0, count: length - sound.frameCount)
        return (0..<channels).flatMap { channel in
            let first = min(channel, sound.channels - 1) * sound.frameCount
            return sound.samples[first..<first + sound.frameCount] + silence
        }
    }

    private func frameCount(_ path: String) throws -> Int {
        if let known = frames[path] { return known }
        let information = try AudioFile.information(path)
        guard information.sampleRate == sampleRate else {
            throw CropError.sampleRate(file: path, found: information.sampleRate, expected: sampleRate)
        }
        frames[path] = information.frameCount
        return information.frameCount
    }
}

/// Why there are no crops.
enum CropError: Error, CustomStringConvertible {
    case noFiles(folder: String)
    case sampleRate(file: String, found: Int, expected: Int)

    /// What is wrong, and the way out.
    var description: String {
        switch self {
        case .noFiles(let folder): "\(folder): no sound files are there; name a folder of WAV, FLAC, MP3 or Ogg"
        case .sampleRate(let file, let found, let expected):
            "\(file): its sample rate is \(found), the autoencoder's \(expected); convert it first, or preprocess does it for songs"
        }
    }
}
