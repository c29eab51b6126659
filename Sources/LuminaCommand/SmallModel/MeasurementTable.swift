// SPDX-License-Identifier: Apache-2.0

import Engine
import MusicAnalysis
import MusicSynthesis

/// What was measured in songs, line by line, and how often it was right.
struct MeasurementTable: Encodable {
    /// One song.
    struct Row: Encodable {
        let name: String
        let wantedBPM: Int?
        let bpm: Double?
        let isTempoRight: Bool?
        let wantedKey: String?
        let key: String?
        let isKeyRight: Bool?
        let wantedStyle: String?
        let style: String?
        let isStyleRight: Bool?
        /// How likely each style is; empty if the song is like none.
        let likelihoods: [String: Double]

        private enum CodingKeys: String, CodingKey {
            case name, bpm, key, style, likelihoods
            case wantedBPM = "wanted_bpm"
            case isTempoRight = "bpm_right"
            case wantedKey = "wanted_key"
            case isKeyRight = "key_right"
            case wantedStyle = "wanted_style"
            case isStyleRight = "style_right"
        }

        init(_ name: String, _ measurement: SongMeasurement) {
            self.name = name
            wantedBPM = measurement.expectation.bpm
            bpm = measurement.tempo.map { ($0.bpm * 100).rounded() / 100 }
            isTempoRight = measurement.isTempoRight
            wantedKey = measurement.expectation.key.map { "\($0)" }
            key = measurement.key.map { "\($0.key)" }
            isKeyRight = measurement.isKeyRight
            wantedStyle = measurement.expectation.style?.rawValue
            style = measurement.timbre?.style.rawValue
            isStyleRight = measurement.isStyleRight
            likelihoods = Dictionary(
                uniqueKeysWithValues: (measurement.timbre?.shares ?? [:]).map { ($0.rawValue, $1) }
            )
        }
    }

    /// How many of how many.
    struct Share: Encodable {
        let right: Int
        let asked: Int

        init(_ answers: [Bool?]) {
            let given = answers.compactMap(\.self)
            (right, asked) = (given.filter(\.self).count, given.count)
        }

        var text: String {
            guard asked > 0 else { return "not asked" }
            return "\(Figures.rounded(100 * Double(right) / Double(asked), places: 1)) % (\(right) of \(asked))"
        }
    }

    let rows: [Row]
    let tempo: Share
    let key: Share
    let style: Share
    /// The mean likelihood of each style over all songs.
    let likelihoods: [String: Double]

    init(_ rows: [Row]) {
        self.rows = rows
        tempo = Share(rows.map(\.isTempoRight))
        key = Share(rows.map(\.isKeyRight))
        style = Share(rows.map(\.isStyleRight))
        let count = Double(max(rows.count, 1))
        likelihoods = rows.reduce(into: [:]) { sums, row in
            for (style, share) in row.likelihoods { sums[style, default: 0] += share / count }
        }
    }

    /// Prints a line for each song, wrong answers marked, then the shares.
    func printTable() {
        let width = (rows.map(\.name.count).max() ?? 0) + 2
        print("".padded(to: width) + "bpm".padded(to: 20) + "key".padded(to: 26) + "style")
        for row in rows {
            let tempo = Self.cell(row.wantedBPM.map(String.init), row.bpm.map { "\($0)" }, row.isTempoRight)
            let key = Self.cell(row.wantedKey, row.key, row.isKeyRight)
            let style = Self.cell(row.wantedStyle, row.style, row.isStyleRight)
            print(row.name.padded(to: width) + tempo.padded(to: 20) + key.padded(to: 26) + style)
        }
        print("")
        print("bpm within \(Figures.rounded(SongMeasurement.tempoTolerance, places: 0)) %: \(tempo.text)")
        print("key right: \(key.text)")
        print("style right: \(style.text)")
        let mean = likelihoods.filter { $0.value >= 0.01 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let heard = mean.map { "\($0.key) \(Figures.rounded($0.value, places: 2))" }
        print("styles heard: \(heard.joined(separator: ", "))")
    }

    /// What was found, behind what was wanted where that is something else.
    private static func cell(_ wanted: String?, _ found: String?, _ isRight: Bool?) -> String {
        let found = found ?? "none"
        guard isRight == false, let wanted else { return found }
        return "\(found) (not \(wanted))"
    }
}
