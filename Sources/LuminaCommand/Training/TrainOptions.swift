// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import TrainingRuns

/// Every setting of a run, by option, file and preset.
struct TrainOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Settings under a name (lumina presets lists them), or a preset's JSON file; other options win over it.",
            valueName: "name"
        )
    )
    var preset: String?

    @Option(
        help: ArgumentHelp(
            "Settings of a JSON file, such as the training_args.json beside an adapter; other options win over it.",
            valueName: "file"
        )
    )
    var config: String?

    @Flag(
        help: ArgumentHelp(
            "Say nothing of a fisher_map.json beside the tensors, which is never used.",
            visibility: .hidden
        )
    )
    var ignoreFisherMap = false

    @OptionGroup(title: "Base") var base: BaseOptions
    @OptionGroup(title: "Data") var data: DataOptions
    @OptionGroup(title: "Adapter") var shape: AdapterShapeOptions
    @OptionGroup(title: "Families of adapters") var families: FamilyOptions
    @OptionGroup(title: "Optimization") var optimization: OptimizationOptions
    @OptionGroup(title: "Objective") var objective: ObjectiveOptions
    @OptionGroup(title: "Run") var run: RunOptions

    /// The settings: the defaults, what a resumed run was made with, the preset, the file, the options, the last winning.
    ///
    /// - Parameters:
    ///   - library: where presets are.
    ///   - warnings: receives what the user should know of the files.
    /// - Returns: the settings, unchecked.
    /// - Throws: `TrainingRunsError` for files that cannot be read or hold what no setting can be.
    func settings(library: PresetLibrary, warnings: inout [String]) throws -> TrainingSettings {
        var settings = TrainingSettings()
        if let path = run.resumeFrom {
            let saved = try SavedRun.settings(in: SavedRun.folder(of: path), warnings: &warnings)
            settings = saved ?? settings
        }
        if let preset {
            let preset = try library.preset(preset, warnings: &warnings)
            try settings.merge(preset.fields, source: "preset '\(preset.name)'", warnings: &warnings)
        }
        if let config {
            try settings.merge(JSONFile.read(config), source: config, warnings: &warnings)
        }
        base.apply(to: &settings)
        data.apply(to: &settings)
        shape.apply(to: &settings)
        families.apply(to: &settings)
        optimization.apply(to: &settings)
        objective.apply(to: &settings)
        run.apply(to: &settings)
        if !ignoreFisherMap, let map = settings.data.directory.map({ $0 + "/fisher_map.json" }),
            FileManager.default.fileExists(atPath: map)
        {
            warnings.append("\(map) is not used: ranks and targets are those of the options")
        }
        return settings
    }
}
