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
        /// Adapters of styles that the base has not learnt, asked one by one and in pairs.
        let styleAdapters: [AdapterFigures.Subject]
        /// Where songs are written; nil keeps none.
        let folder: String?
    }

    /// What the autoencoder leaves of sounds: the multi-resolution spectral distance of the channels' mean, and how often
    /// tempo, key and style are still found.
    struct Reconstruction: Encodable {
        let songs: Int
        let windows = SpectralDistance.windows
        let spectralConvergence: Double
        let logMagnitude: Double
        let tempo: MeasurementTable.Share
        let key: MeasurementTable.Share
        let style: MeasurementTable.Share

        private enum CodingKeys: String, CodingKey {
            case songs, windows, tempo, key, style
            case spectralConvergence = "spectral_convergence"
            case logMagnitude = "log_magnitude"
        }
    }

    let base: String
    let seed: UInt64
    let music: MeasurementTable
    let reconstruction: Reconstruction?
    let styleAdapters: AdapterFigures?
    let generationSeconds: Double

    private enum CodingKeys: String, CodingKey {
        case base, seed, music, reconstruction
        case styleAdapters = "style_adapters"
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
        // First, since a checkpoint may have no encoder, which is better said at once.
        let reconstruction = try await reconstruction(engine, plan, classifier, progress: progress)
        var (rows, seconds): ([MeasurementTable.Row], Double) = ([], 0)
        for index in 0..<plan.count {
            try Task.checkCancellation()
            progress("making songs", index, plan.count)
            let start = ContinuousClock.now
            let (song, sound) = try await make(index, of: plan, with: engine)
            seconds += start.secondsUntilNow
            let measurement = SongMeasurement(Sound(sound), expectation: Expectation(song), classifier: classifier)
            rows.append(MeasurementTable.Row("\(index)", measurement))
            guard let folder = plan.folder else { continue }
            try AudioFile.write(sound, to: "\(folder)/\(index).wav")
            try SidecarFiles.write(Sidecar(song.metadata), for: "\(folder)/\(index).wav")
        }
        let adapterPlan = AdapterFigures.Plan(
            subjects: plan.styleAdapters,
            count: plan.count,
            seed: plan.corpus.seed,
            seconds: plan.corpus.seconds,
            steps: plan.steps,
            guidance: plan.guidance
        )
        let styleAdapters =
            try await plan.styleAdapters.isEmpty
            ? nil : AdapterFigures.measure(engine, adapterPlan, classifier: classifier, progress: progress)
        return ModelFigures(
            base: try await engine.base.name,
            seed: plan.corpus.seed,
            music: MeasurementTable(rows),
            reconstruction: reconstruction,
            styleAdapters: styleAdapters,
            generationSeconds: seconds
        )
    }

    /// What the model makes of a description.
    private static func make(
        _ index: Int,
        of plan: Plan,
        with engine: MusicEngine
    ) async throws -> (SongDescription, AudioBuffer) {
        let song = plan.corpus.description(index)
        var request = song.request(seed: plan.corpus.seed &+ UInt64(index))
        (request.steps, request.guidance) = (plan.steps, plan.guidance)
        return (song, try await engine.generate(request, adapters: plan.adapters).pieces[0].audio)
    }

    private static func reconstruction(
        _ engine: MusicEngine,
        _ plan: Plan,
        _ classifier: TimbreClassifier,
        progress: (String, Int, Int) -> Void
    ) async throws -> Reconstruction? {
        guard plan.reconstructions > 0 else { return nil }
        let corpus = Corpus(seed: plan.corpus.seed, styles: plan.corpus.styles, part: .heldOut, seconds: 6...6)
        var (convergence, logMagnitude) = (0.0, 0.0)
        var measurements: [SongMeasurement] = []
        for index in 0..<plan.reconstructions {
            progress("encoding and decoding", index, plan.reconstructions)
            let song = corpus.song(index)
            let samples = try await engine.reconstruct([song.samples])[0]
            let (found, wanted) = (
                Sound(planar: samples, channels: SynthesizedSong.channelCount, sampleRate: SynthesizedSong.sampleRate),
                Sound(song.mono, sampleRate: SynthesizedSong.sampleRate)
            )
            measurements.append(
                SongMeasurement(found, expectation: Expectation(song.description), classifier: classifier)
            )
            guard let distance = SpectralDistance(found, from: wanted) else { continue }
            convergence += distance.convergence / Double(plan.reconstructions)
            logMagnitude += distance.logMagnitude / Double(plan.reconstructions)
        }
        return Reconstruction(
            songs: plan.reconstructions,
            spectralConvergence: convergence,
            logMagnitude: logMagnitude,
            tempo: MeasurementTable.Share(measurements.map(\.isTempoRight)),
            key: MeasurementTable.Share(measurements.map(\.isKeyRight)),
            style: MeasurementTable.Share(measurements.map(\.isStyleRight))
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
            let (tempo, key, style) = (reconstruction.tempo, reconstruction.key, reconstruction.style)
            print("still right: bpm \(tempo.text), key \(key.text), style \(style.text)")
        }
        styleAdapters?.printTable()
        print("\(base), seed \(seed), \(Figures.seconds(generationSeconds)) of generating")
    }
}
