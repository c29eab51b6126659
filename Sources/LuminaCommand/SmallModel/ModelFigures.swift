// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Datasets
import Engine
import FoundationEssentials
import MusicAnalysis
import MusicSynthesis

/// How well a model does what it is asked: the figures of the small model's card.
struct ModelFigures: Encodable {
    /// What to measure.
    struct Plan: Sendable {
        /// Where prompts come from; sounds to reconstruct come from the same seed's held-out songs.
        let corpus: Corpus
        /// How many prompts.
        let count: Int
        /// How many sounds go through the autoencoder.
        let reconstructions: Int
        /// Denoising steps; nil for the model's own.
        let steps: Int?
        /// Guidance; nil for the model's own.
        let guidance: Double?
        /// What acts beside the base.
        let adapters: [AdapterReference]
        /// Where songs are written; nil keeps none.
        let folder: String?
    }

    /// What the autoencoder leaves of a sound: multi-resolution spectral distance of the channels' mean.
    struct Reconstruction: Encodable {
        let songs: Int
        let windows = SpectralDistance.windows
        let spectralConvergence: Double
        let logMagnitude: Double

        private enum CodingKeys: String, CodingKey {
            case songs, windows
            case spectralConvergence = "spectral_convergence"
            case logMagnitude = "log_magnitude"
        }
    }

    let base: String
    let seed: UInt64
    let music: MeasurementTable
    let reconstruction: Reconstruction?
    let generationSeconds: Double

    private enum CodingKeys: String, CodingKey {
        case base, seed, music, reconstruction
        case generationSeconds = "generate_s"
    }

    /// Asks a model for the plan's songs and measures them.
    ///
    /// - Parameters:
    ///   - engine: the model.
    ///   - plan: what to measure.
    ///   - progress: told what is done, how often, and of how many.
    /// - Returns: the figures.
    /// - Throws: what generating and writing throw.
    static func measure(
        _ engine: MusicEngine,
        _ plan: Plan,
        progress: (String, Int, Int) -> Void
    ) async throws -> ModelFigures {
        if let folder = plan.folder {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        progress("learning to tell styles", 0, 1)
        let classifier = TimbreClassifier()
        var (rows, seconds): ([MeasurementTable.Row], Double) = ([], 0)
        for index in 0..<plan.count {
            try Task.checkCancellation()
            progress("making songs", index, plan.count)
            let song = plan.corpus.description(index)
            var request = song.request(seed: plan.corpus.seed &+ UInt64(index))
            (request.steps, request.guidance) = (plan.steps, plan.guidance)
            let start = ContinuousClock.now
            let result = try await engine.generate(request, adapters: plan.adapters)
            seconds += start.secondsUntilNow
            guard let piece = result.pieces.first else { continue }
            let measurement = SongMeasurement(
                Sound(piece.audio),
                expectation: Expectation(song),
                classifier: classifier
            )
            let name = String(index)
            rows.append(MeasurementTable.Row(name, measurement))
            guard let folder = plan.folder else { continue }
            try AudioFile.write(piece.audio, to: "\(folder)/\(name).wav")
            try SidecarFiles.write(Sidecar(song.metadata), for: "\(folder)/\(name).wav")
        }
        return ModelFigures(
            base: try await engine.base.name,
            seed: plan.corpus.seed,
            music: MeasurementTable(rows),
            reconstruction: try await reconstruction(engine, plan, progress: progress),
            generationSeconds: seconds
        )
    }

    private static func reconstruction(
        _ engine: MusicEngine,
        _ plan: Plan,
        progress: (String, Int, Int) -> Void
    ) async throws -> Reconstruction? {
        guard plan.reconstructions > 0 else { return nil }
        let corpus = Corpus(seed: plan.corpus.seed, styles: plan.corpus.styles, part: .heldOut, seconds: 6...6)
        var (convergence, logMagnitude) = (0.0, 0.0)
        for index in 0..<plan.reconstructions {
            progress("encoding and decoding", index, plan.reconstructions)
            let song = corpus.song(index)
            let samples = try await engine.reconstruct([song.samples])[0]
            let (found, wanted) = (
                Sound(planar: samples, channels: SynthesizedSong.channelCount, sampleRate: SynthesizedSong.sampleRate),
                Sound(song.mono, sampleRate: SynthesizedSong.sampleRate)
            )
            guard let distance = SpectralDistance(found, from: wanted) else { continue }
            convergence += distance.convergence / Double(plan.reconstructions)
            logMagnitude += distance.logMagnitude / Double(plan.reconstructions)
        }
        return Reconstruction(
            songs: plan.reconstructions,
            spectralConvergence: convergence,
            logMagnitude: logMagnitude
        )
    }

    /// Prints the songs, the shares and the distances.
    func printTable() {
        music.printTable()
        if let reconstruction {
            print(
                "autoencoder, \(reconstruction.songs) songs, windows of \(reconstruction.windows): "
                    + "spectral convergence \(Figures.rounded(reconstruction.spectralConvergence, places: 3)), "
                    + "log magnitude \(Figures.rounded(reconstruction.logMagnitude, places: 3))"
            )
        }
        print("\(base), seed \(seed), \(Figures.seconds(generationSeconds)) of generating")
    }
}
