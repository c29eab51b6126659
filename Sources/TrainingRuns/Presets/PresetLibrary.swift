// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation

/// Presets by name: the user's files first, then the built-in ones.
package struct PresetLibrary: Sendable {
    /// Where presets are looked for, in this order; the first is where they are saved.
    package let directories: [String]

    /// Presets of some folders, which need not exist.
    package init(directories: [String]) {
        self.directories = directories
    }

    /// A preset by its name, or by the path of a `.json` file.
    ///
    /// - Parameters:
    ///   - name: the name, or a path.
    ///   - warnings: receives a sentence for what a file holds beyond a preset.
    /// - Returns: the preset.
    /// - Throws: `TrainingRunsError.unknownPreset`, `.presetName` or `.unreadable`.
    package func preset(_ name: String, warnings: inout [String]) throws(TrainingRunsError) -> Preset {
        if name.hasSuffix(".json") {
            let stem = name.split(separator: "/").last.map { String($0.dropLast(5)) } ?? name
            return Preset(try JSONFile.read(name), source: name, name: stem, warnings: &warnings)
        }
        let name = try Preset.fileName(name)
        for directory in directories {
            let path = "\(directory)/\(name).json"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            return Preset(try JSONFile.read(path), source: path, name: name, warnings: &warnings)
        }
        if let preset = Preset.builtIn.first(where: { $0.name == name.lowercased() }) { return preset }
        throw .unknownPreset(name: name, available: all().map(\.preset.name))
    }

    /// All presets: of each name the one that is used.
    ///
    /// - Returns: presets and the files that they come from; files that cannot be read are left out.
    package func all() -> [(preset: Preset, path: String?)] {
        var found: [(Preset, String?)] = []
        var names: Set<String> = []
        for directory in directories {
            // A folder that does not exist holds no presets.
            let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
            for file in files.sorted() where file.hasSuffix(".json") {
                let path = "\(directory)/\(file)"
                var ignored: [String] = []
                // Listing is not the place to complain; asking for the preset by name is.
                guard let object = try? JSONFile.read(path) else { continue }
                let name = String(file.dropLast(5))
                guard names.insert(name.lowercased()).inserted else { continue }
                let preset = Preset(object, source: path, name: name, warnings: &ignored)
                found.append((Preset(name: name, description: preset.description, fields: preset.fields), path))
            }
        }
        return found + Preset.builtIn.filter { !names.contains($0.name) }.map { ($0, nil) }
    }

    /// Saves a preset under its name in the first folder.
    ///
    /// - Parameters:
    ///   - preset: the preset.
    ///   - isReplacing: whether a preset of the same name gives way.
    /// - Returns: the file's path.
    /// - Throws: `TrainingRunsError.presetName` or `.unwritable`.
    @discardableResult
    package func save(_ preset: Preset, replacing isReplacing: Bool = false) throws(TrainingRunsError) -> String {
        let name = try Preset.fileName(preset.name)
        guard let directory = directories.first else {
            throw .unwritable(path: name, reason: "there is no folder for presets")
        }
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw .unwritable(path: directory, reason: error.localizedDescription)
        }
        let path = "\(directory)/\(name).json"
        guard isReplacing || !FileManager.default.fileExists(atPath: path) else {
            throw .unwritable(path: path, reason: "there is a preset of this name; --force replaces it")
        }
        try JSONFile.write(JSONText.pretty(.object(preset.file)), to: path)
        return path
    }
}
