// SPDX-License-Identifier: Apache-2.0

import ACEStep
import AdapterFormats
import Attribution
import Checkpoints
import Crypto
import Engine
import Foundation
import Training
import TrainingData
import TrainingRuns

/// A study with everything looked up that its configuration names.
struct Study: Sendable {
    /// A song of the data set.
    struct Song: Sendable {
        let path: String
        let name: String
        let genre: String
        let caption: String
        let frames: Int
        let byteCount: Int
    }

    let configuration: StudyConfiguration
    let folder: StudyFolder
    /// The checkpoint's directory.
    let model: String
    let files: ModelFiles
    /// The parts that are left out in turn.
    let parts: [String]
    /// The adapters that were given, as the engine takes them.
    let given: [StudiedAdapter: AdapterReference]
    /// The adapters that are compared with that of everything.
    let compared: [StudiedAdapter]
    let plan: StudyPlan
    private let songs: [Song]
    private let groups: [StudyPart]
    private let fingerprints: [StudyUnit: String]
    private let trainings: [StudiedAdapter: TrainingSettings]

    /// Looks everything up; nothing is written.
    ///
    /// - Parameters:
    ///   - configuration: the study's.
    ///   - lookup: finds references that are no paths.
    ///   - isQuiet: shows no progress of fetching.
    /// - Throws: `AttributionError`, and what is wrong with the checkpoint, the data set or a reference.
    init(_ configuration: StudyConfiguration, lookup: ReferenceOptions, isQuiet: Bool) async throws {
        self.configuration = configuration
        folder = StudyFolder(root: configuration.output)
        model = try configuration.model ?? EmbeddedModel.directory()
        files = try ModelFiles(path: model, variant: configuration.variant)
        songs = try configuration.dataset.map(Self.songs) ?? []
        if songs.isEmpty {
            groups = []
            parts = configuration.leaveOut ?? configuration.leftOutAdapters.keys.sorted()
        } else {
            groups = try StudyPart.parts(
                of: songs.map { .init(file: $0.name, genre: $0.genre) },
                by: configuration.parts,
                choosing: configuration.leaveOut
            )
            parts = groups.map(\.name)
        }
        try Self.check(configuration, parts: parts, hasSongs: !songs.isEmpty)
        let without = parts.map(StudiedAdapter.without)
        compared = without + (configuration.trainsAgain ? [.again] : [])
        given = try await Self.given(configuration, lookup, isQuiet: isQuiet)
        let trained = ([.all] + compared).filter { [given] in given[$0] == nil }
        plan = StudyPlan(trainings: trained, compared: compared, promptCount: configuration.prompts.count)
        var trainings: [StudiedAdapter: TrainingSettings] = [:]
        for adapter in trained {
            trainings[adapter] = try Self.settings(
                configuration,
                adapter,
                songs: Self.songs(of: adapter, songs, groups),
                folder: folder,
                model: model,
                variant: files.name
            )
        }
        self.trainings = trainings
        fingerprints = try Self.fingerprints(
            configuration,
            plan: plan,
            trainings: trainings,
            given: given,
            songs: trained.reduce(into: [:]) { [songs, groups] in $0[$1] = Self.songs(of: $1, songs, groups) },
            base: BaseIdentity.of(files)
        )
    }

    /// What a unit would be made from now.
    func fingerprint(_ unit: StudyUnit) -> String { fingerprints[unit] ?? "" }

    /// The mark of a unit; nil if it is not finished.
    func mark(of unit: StudyUnit) throws -> StudyFolder.Mark? {
        try folder.mark(of: unit, fingerprint: fingerprint(unit))
    }

    // MARK: The data set

    /// The songs of a folder of tensors.
    static func songs(_ path: String) throws -> [Song] {
        try SampleDirectory(path: path).files.map { path in
            let file = try SampleFile(path: path)
            let absolute = URL(fileURLWithPath: path).standardizedFileURL.path
            return Song(
                path: absolute,
                name: path.split(separator: "/").last.map(String.init) ?? path,
                genre: file.metadata.genre,
                caption: file.metadata.caption,
                frames: file.frames,
                byteCount: file.file.byteCount
            )
        }
    }

    private static func songs(of adapter: StudiedAdapter, _ songs: [Song], _ groups: [StudyPart]) -> [Song] {
        guard case .without(let name) = adapter, let group = groups.first(where: { $0.name == name }) else {
            return songs
        }
        let left = Set(group.songs)
        return songs.indices.filter { !left.contains($0) }.map { songs[$0] }
    }

    /// What the configuration alone cannot say.
    private static func check(_ configuration: StudyConfiguration, parts: [String], hasSongs: Bool) throws {
        var problems: [String] = []
        for (place, prompt) in configuration.prompts.enumerated() {
            guard let part = prompt.part, !parts.contains(part) else { continue }
            problems.append(
                "'prompts[\(place)].part' is '\(part)', which is not left out; those are \(parts.joined(separator: ", "))"
            )
        }
        for name in configuration.leftOutAdapters.keys.sorted() where !parts.contains(name) {
            problems.append("'left_out_adapters.\(name)' is of no part; those are \(parts.joined(separator: ", "))")
        }
        if !hasSongs {
            for part in parts where configuration.leftOutAdapters[part] == nil {
                problems.append("'left_out_adapters.\(part)' is missing, and there is no 'dataset' to train it on")
            }
        }
        guard problems.isEmpty else {
            throw AttributionError.configuration(source: "the study", problems: problems)
        }
    }

    // MARK: Adapters

    private static func given(
        _ configuration: StudyConfiguration,
        _ lookup: ReferenceOptions,
        isQuiet: Bool
    ) async throws -> [StudiedAdapter: AdapterReference] {
        var wanted: [(StudiedAdapter, String)] = configuration.adapter.map { [(.all, $0)] } ?? []
        wanted += configuration.leftOutAdapters.sorted { $0.key < $1.key }.map { (.without($0.key), $0.value) }
        let references = wanted.map { AdapterReference($0.1, weight: configuration.generation.weight) }
        let found = try await lookup.resolve(references, isQuiet: isQuiet)
        return Dictionary(uniqueKeysWithValues: zip(wanted.map(\.0), found))
    }

    /// An adapter as the engine takes it.
    func reference(_ adapter: StudiedAdapter) -> AdapterReference {
        if let reference = given[adapter] { return reference }
        var reference = AdapterReference(adapter.name, weight: configuration.generation.weight)
        // All of them end in `final`; their names tell them apart.
        reference.resolution = AdapterResolution(path: adapterFolder(adapter), name: adapter.name)
        return reference
    }

    /// Where an adapter's files are.
    func adapterFolder(_ adapter: StudiedAdapter) -> String {
        if let reference = given[adapter] { return reference.resolution?.path ?? reference.reference }
        return RunLayout(root: folder.training(adapter)).final
    }

    // MARK: Trainings

    /// The settings of a training.
    func settings(_ adapter: StudiedAdapter) throws -> TrainingSettings {
        guard let settings = trainings[adapter] else {
            throw AttributionError.parts("the adapter '\(adapter.name)' is not trained in this study")
        }
        return settings
    }

    /// Writes the list of a training's songs.
    func writeDataset(_ adapter: StudiedAdapter) throws {
        let directory = folder.dataset(adapter)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var object = JSONObject()
        object.set("samples", .array(Self.songs(of: adapter, songs, groups).map { .string($0.path) }))
        try JSONFile.write(JSONText.pretty(.object(object)), to: directory + "/manifest.json")
    }

    /// How many songs a training has.
    func songCount(_ adapter: StudiedAdapter) -> Int { Self.songs(of: adapter, songs, groups).count }

    private static func settings(
        _ configuration: StudyConfiguration,
        _ adapter: StudiedAdapter,
        songs: [Song],
        folder: StudyFolder,
        model: String,
        variant: String
    ) throws -> TrainingSettings {
        var settings = TrainingSettings()
        var warnings: [String] = []
        try settings.merge(configuration.training, source: "training", warnings: &warnings)
        settings.model.checkpoint = model
        settings.model.variant = variant
        settings.model.device = configuration.device
        settings.data.directory = folder.dataset(adapter)
        settings.output.directory = folder.training(adapter)
        if adapter == .again { settings.optimization.seed += 1 }
        func says(_ key: String) -> Bool {
            guard let field = SettingField.named(key) else { return false }
            return configuration.training.keys.contains { SettingField.named($0)?.key == field.key }
        }
        let order = DataOrder(samples: songs.map { .init(name: $0.name, frames: $0.frames) }, settings)
        let epochSteps = order.stepsPerEpoch(accumulation: settings.optimization.accumulation)
        if settings.optimization.maximumSteps > 0, !says("epochs") {
            settings.optimization.epochs = (settings.optimization.maximumSteps + epochSteps - 1) / epochSteps
        }
        if !says("save_every") { settings.output.saveInterval = max(1, settings.optimization.epochs / 20) }
        if !says("keep_checkpoints") { settings.output.keptCheckpoints = 1 }
        if !says("save_best") { settings.stopping.savesBest = false }
        if !says("log_heavy_every") { settings.output.heavyLogInterval = 0 }
        return settings
    }

    // MARK: Fingerprints

    private static func fingerprints(
        _ configuration: StudyConfiguration,
        plan: StudyPlan,
        trainings: [StudiedAdapter: TrainingSettings],
        given: [StudiedAdapter: AdapterReference],
        songs: [StudiedAdapter: [Song]],
        base: String
    ) throws -> [StudyUnit: String] {
        var adapters: [StudiedAdapter: String] = [:]
        for (adapter, settings) in trainings {
            adapters[adapter] = Fingerprint.of(
                ["training", base, "\(settings.model.precision)"]
                    + SettingField.all.filter { !$0.isPlace }.map { "\($0.key) \(JSONText.line($0.get(settings)))" }
                    + (songs[adapter] ?? []).map { "\($0.name) \($0.byteCount)" }
            )
        }
        for (adapter, reference) in given {
            let location = try AdapterLocation(reference.resolution?.path ?? reference.reference)
            adapters[adapter] = Fingerprint.of(["given", base, try digest(location.weights)])
        }
        var result: [StudyUnit: String] = [:]
        for unit in plan.units {
            switch unit {
            case .training(let adapter): result[unit] = adapters[adapter]
            case .reference(let prompt):
                result[unit] = Fingerprint.of(
                    [adapters[.all] ?? ""] + generation(configuration, configuration.prompts[prompt])
                )
            case .comparison(let adapter, let prompt):
                let distance = configuration.comparison.distance
                result[unit] = Fingerprint.of([
                    result[.reference(prompt: prompt)] ?? "", adapters[adapter] ?? "", distance.points.rawValue,
                    "\(distance.exactLimit)", "\(distance.directions)",
                ])
            }
        }
        return result
    }

    private static func generation(
        _ configuration: StudyConfiguration,
        _ prompt: StudyConfiguration.Prompt
    ) -> [String] {
        let generation = configuration.generation
        return [
            prompt.tags, prompt.lyrics, "\(prompt.duration ?? generation.duration)", prompt.bpm ?? "",
            prompt.keyScale ?? "", prompt.timeSignature ?? "", prompt.language, "\(configuration.seeds)",
            "\(generation.steps ?? 0) \(generation.guidance ?? -1) \(generation.shift ?? 0) \(generation.weight)",
            "\(generation.batch)", configuration.dtype,
        ]
    }

    private static func digest(_ path: String) throws -> String {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw AttributionError.file(path: path, reason: "it cannot be opened")
        }
        var hash = SHA256()
        while let data = try file.read(upToCount: 1 << 22), !data.isEmpty { hash.update(data: data) }
        return "\(hash.finalize())"
    }
}

extension StudyConfiguration {
    /// A prompt as the model is asked, from one seed.
    func request(_ prompt: Int, seed: UInt64) -> MusicRequest {
        let asked = prompts[prompt]
        return MusicRequest(
            tags: asked.tags,
            lyrics: asked.lyrics,
            duration: asked.duration ?? generation.duration,
            steps: generation.steps,
            guidance: generation.guidance,
            shift: generation.shift,
            seed: seed,
            bpm: asked.bpm.flatMap { WrittenNumber($0) },
            keyScale: asked.keyScale,
            timeSignature: asked.timeSignature,
            vocalLanguage: asked.language
        )
    }
}
