// SPDX-License-Identifier: Apache-2.0

package import AdapterFormats

/// Settings under a name, without places.
package struct Preset: Sendable, Equatable {
    /// The name.
    package let name: String
    /// What it is for.
    package let description: String
    /// The settings that it says something about.
    package let fields: JSONObject

    /// A preset of some settings.
    package init(name: String, description: String, fields: JSONObject) {
        self.name = name
        self.description = description
        self.fields = fields
    }

    /// A preset out of a file's object.
    ///
    /// Settings of places are left out with a warning: a preset is for every machine.
    ///
    /// - Parameters:
    ///   - object: the file's object.
    ///   - source: the file's path.
    ///   - name: the name if the file holds none.
    ///   - warnings: receives a sentence for what is left out.
    package init(_ object: JSONObject, source: String, name: String, warnings: inout [String]) {
        var fields = JSONObject()
        var places: [String] = []
        for key in object.keys where key != "name" && key != "description" {
            if SettingField.named(key)?.isPlace == true {
                places.append("'\(key)'")
            } else if let value = object[key] {
                fields.set(key, value)
            }
        }
        if !places.isEmpty {
            warnings.append("\(source): \(places.joined(separator: ", ")) left out: a preset holds no paths or devices")
        }
        self.name = object["name"].flatMap(String.read) ?? name
        description = object["description"].flatMap(String.read) ?? ""
        self.fields = fields
    }

    /// What the preset's file holds.
    package var file: JSONObject {
        var object = JSONObject()
        object.set("name", .string(name))
        object.set("description", .string(description))
        for key in fields.keys { if let value = fields[key] { object.set(key, value) } }
        return object
    }

    /// A preset of everything that settings say beyond the defaults.
    ///
    /// - Parameters:
    ///   - settings: the settings.
    ///   - name: the name.
    ///   - description: what it is for.
    package init(differencesOf settings: TrainingSettings, name: String, description: String) {
        var fields = JSONObject()
        let defaults = TrainingSettings()
        for field in SettingField.all where !field.isPlace {
            let value = field.get(settings)
            if value != field.get(defaults) { fields.set(field.key, value) }
        }
        self.init(name: name, description: description, fields: fields)
    }

    private static let devices: Set<String> = {
        let numbered = (1...9).flatMap { ["COM\($0)", "LPT\($0)"] }
        return Set(["CON", "PRN", "AUX", "NUL"] + numbered)
    }()

    /// A name as files can have it on every system: blanks become underscores.
    ///
    /// - Parameter name: what the user wrote.
    /// - Returns: the name.
    /// - Throws: `TrainingRunsError.presetName`.
    package static func fileName(_ name: String) throws(TrainingRunsError) -> String {
        let trimmed = String(name.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
        let result = trimmed.replacing(" ", with: "_")
        func refuse(_ reason: String) -> TrainingRunsError { .presetName(name, reason: reason) }
        guard !result.isEmpty else { throw refuse("it is empty") }
        guard result.utf8.count <= 100 else { throw refuse("it is longer than 100 characters") }
        guard !result.contains("..") else { throw refuse("it holds '..'") }
        if let bad = result.unicodeScalars.first(where: { "/\\:*?\"<>|".unicodeScalars.contains($0) || $0.value < 0x20 }
        ) {
            throw refuse("it holds '\(bad)', which file systems do not take")
        }
        guard !result.hasPrefix(".") else { throw refuse("it begins with a dot") }
        let stem = result.split(separator: ".").first.map(String.init) ?? result
        guard !devices.contains(stem.uppercased()) else { throw refuse("Windows has a device of this name") }
        return result
    }
}
