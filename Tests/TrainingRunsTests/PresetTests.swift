// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation
import TestSupport
import Testing
import TrainingRuns

@Suite("Presets")
struct PresetTests {
    private func settings(
        _ name: String,
        _ library: PresetLibrary = PresetLibrary(directories: [])
    ) throws
        -> TrainingSettings
    {
        var settings = TrainingSettings()
        var warnings: [String] = []
        let preset = try library.preset(name, warnings: &warnings)
        try settings.merge(preset.fields, source: name, warnings: &warnings)
        return settings
    }

    @Test("Preset C is the production adapter's")
    func production() throws {
        let settings = try settings("C")
        #expect(settings.adapter.rank == 64)
        #expect(settings.adapter.alpha == 192)
        #expect(settings.optimization.learningRate == 5e-5)
        #expect(settings.optimization.epochs == 100)
    }

    @Test("Side-Step's seven have Side-Step's numbers")
    func others() throws {
        let expected: [(String, Int, Double, Double, Int, Int)] = [
            ("recommended", 64, 128, 3e-4, 1, 4), ("high_quality", 128, 256, 2e-4, 1, 4),
            ("quick_test", 16, 32, 3e-4, 1, 4), ("vram_8gb", 16, 32, 3e-4, 1, 8), ("vram_12gb", 32, 64, 3e-4, 1, 4),
            ("vram_16gb", 64, 128, 3e-4, 2, 2), ("vram_24gb_plus", 128, 256, 3e-4, 2, 2),
        ]
        for (name, rank, alpha, rate, batch, accumulation) in expected {
            let settings = try settings(name)
            #expect(settings.adapter.rank == rank, "\(name)")
            #expect(settings.adapter.alpha == alpha, "\(name)")
            #expect(settings.optimization.learningRate == rate, "\(name)")
            #expect(settings.optimization.batchSize == batch, "\(name)")
            #expect(settings.optimization.accumulation == accumulation, "\(name)")
        }
        #expect(try settings("quick_test").optimization.epochs == 10)
        #expect(try !settings("quick_test").stopping.savesBest)
        #expect(try !settings("vram_8gb").adapter.includesMLP)
        #expect(try !settings("vram_24gb_plus").optimization.offloadsEncoder)
        #expect(Preset.builtIn.count == 8)
    }

    @Test("The user's own preset wins over a built-in one, and is saved whole")
    func own() throws {
        let directory = try TemporaryDirectory()
        let library = PresetLibrary(directories: [directory.path(of: "mine"), directory.path(of: "theirs")])
        var changed = TrainingSettings()
        changed.adapter.rank = 7
        changed.model.checkpoint = "/secret/place"
        changed.schedule.kind = .linear
        let preset = Preset(differencesOf: changed, name: " my own ", description: "tries things")
        let path = try library.save(preset)
        #expect(path == directory.path(of: "mine/my_own.json"))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(!text.contains("secret"))
        let read = try settings("my own", library)
        #expect(read.adapter.rank == 7)
        #expect(read.schedule.kind == .linear)
        #expect(read.model.checkpoint == nil)
        #expect(try settings(path).adapter.rank == 7, "by its path")
        #expect(throws: TrainingRunsError.self) { try library.save(preset) }
        try library.save(preset, replacing: true)
        try library.save(Preset(name: "recommended", description: "", fields: preset.fields))
        #expect(try settings("recommended", library).adapter.rank == 7)
        try TemporaryDirectory.create(directory.path(of: "theirs"))
        try directory.write("{\"rank\": 9}", to: "theirs/my_own.json")
        try directory.write("{\"rank\": \"9\", \"learning_rate\": \"1e-4\"}", to: "theirs/sidestep.json")
        #expect(try settings("my own", library).adapter.rank == 7, "the first folder wins")
        #expect(try settings("sidestep", library).optimization.learningRate == 1e-4, "numbers may be in quotes")
        let names = library.all().map(\.preset.name)
        #expect(names.contains("my_own") && names.contains("sidestep") && names.contains("vram_8gb"))
        #expect(names.filter { $0 == "recommended" }.count == 1)
    }

    @Test("Places in a preset are left out with a warning")
    func places() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("{\"rank\": 8, \"output_dir\": \"/etc\", \"device\": \"cuda\"}", to: "p.json")
        var warnings: [String] = []
        let preset = try PresetLibrary(directories: []).preset(path, warnings: &warnings)
        #expect(preset.fields.keys == ["rank"])
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("'output_dir', 'device'") == true)
    }

    @Test(
        "Names that are paths, devices or nothing are refused",
        arguments: [
            "", "  ", "..", "a/b", "/etc/passwd", "a\\b", "a:b", "a*", "a?", "\"a\"", "<a>", "a|b", "CON", "nul",
            "com1",
            "LPT9.json.x", ".hidden", "a\u{0}b", "a\nb", "../../x", String(repeating: "a", count: 101),
        ]
    )
    func names(name: String) throws {
        let directory = try TemporaryDirectory()
        let library = PresetLibrary(directories: [directory.path])
        #expect(throws: TrainingRunsError.self) {
            try library.save(Preset(name: name, description: "", fields: JSONObject()))
        }
        var warnings: [String] = []
        #expect(throws: TrainingRunsError.self) { try library.preset(name, warnings: &warnings) }
        #expect(try directory.names().isEmpty)
    }

    @Test("An unknown name lists what there is; a broken file says where")
    func unknown() throws {
        let directory = try TemporaryDirectory()
        let library = PresetLibrary(directories: [directory.path])
        var warnings: [String] = []
        func error(_ name: String) -> String {
            do {
                _ = try library.preset(name, warnings: &warnings)
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(error("fast").contains("there is no preset 'fast'; there are c, recommended"))
        try directory.write("{\"rank\": }", to: "broken.json")
        #expect(error("broken").contains("broken.json"))
        try directory.write("[1, 2]", to: "list.json")
        #expect(error("list").contains("not an object"))
        try directory.write("{\"a\": \"" + String(repeating: "x", count: 1 << 20) + "\"}", to: "large.json")
        #expect(error("large").contains("more than"))
        #expect(error(directory.path(of: "none.json")).contains("none.json"))
        #expect(library.all().count == Preset.builtIn.count, "files that cannot be read are not listed")
    }
}
