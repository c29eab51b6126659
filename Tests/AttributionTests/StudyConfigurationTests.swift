// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Attribution
import Foundation
import Testing

@Suite("The configuration of a study")
struct StudyConfigurationTests {
    private static let whole = """
        {"_": "a comment", "model": "checkpoints", "variant": "turbo", "device": "cpu", "dtype": "float32",
         "dataset": "tensors", "parts": {"bells": ["0*.pt", "x.safetensors"], "hip-hop": ["1*"]},
         "leave_out": ["bells", "hip-hop"], "adapter": "jazz@v3", "left_out_adapters": {"bells": "lora/loo-bells"},
         "train_again": true, "training": {"rank": 4, "lr": 0.001, "_note": "ours"},
         "prompts": [
           {"part": "bells", "name": "b", "tags": "bells", "lyrics": "la", "duration": 3, "bpm": 120, "keyscale": "C major",
            "timesignature": "4", "vocal_language": "en"},
           {"part": "bells", "tags": "more bells"}, {"tags": "silence"}],
         "seeds": [3, 1, 4],
         "generation": {"duration": 5, "num_inference_steps": 8, "guidance_scale": 2, "shift": 3, "weight": 0.5, "batch": 2},
         "comparison": {"points": "paths", "weights": {"half_life": 0.25}, "exact_limit": 99, "directions": 7},
         "verdict": {"rank": "parts", "relative": false, "seeds": 0.8, "margin": 1.5},
         "promote": true, "parallel": 3, "threads": 2, "output": "out"}
        """
    private static let least = """
        {"dataset": "d", "output": "o", "prompts": [{"part": "a", "tags": "x"}, {"part": "b", "tags": "y"}]}
        """

    private func configuration(_ text: String) throws -> StudyConfiguration {
        try StudyConfiguration(JSONParser.parseObject(Array(text.utf8), source: "study.json"), source: "study.json")
    }

    /// What is said about a configuration in which one member has another value.
    private func problem(_ key: String, _ value: String, in text: String = whole) throws -> String {
        var object = try JSONParser.parseObject(Array(text.utf8), source: "")
        object.set(key, try JSONParser.parse(Array(value.utf8), source: ""))
        do {
            _ = try StudyConfiguration(object, source: "study.json")
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("Every field is read")
    func everything() throws {
        let study = try configuration(Self.whole)
        #expect(study.model == "checkpoints" && study.variant == "turbo" && study.device == "cpu")
        #expect(study.dtype == "float32" && study.dataset == "tensors" && study.output == "out")
        #expect(
            study.parts
                == .lists([
                    .init(name: "bells", patterns: ["0*.pt", "x.safetensors"]),
                    .init(name: "hip-hop", patterns: ["1*"]),
                ])
        )
        #expect(study.leaveOut == ["bells", "hip-hop"] && study.adapter == "jazz@v3" && study.trainsAgain)
        #expect(study.leftOutAdapters == ["bells": "lora/loo-bells"] && study.training["rank"] == .number(4))
        var first = StudyConfiguration.Prompt(name: "b", part: "bells", tags: "bells")
        (first.lyrics, first.duration, first.bpm, first.keyScale) = ("la", 3, "120", "C major")
        (first.timeSignature, first.language) = ("4", "en")
        #expect(study.prompts.first == first)
        #expect(study.prompts.map(\.name) == ["b", "bells 2", "prompt 3"] && study.prompts[2].part == nil)
        #expect(study.seeds == [3, 1, 4])
        #expect(study.generation.duration == 5 && study.generation.steps == 8 && study.generation.guidance == 2)
        #expect(study.generation.shift == 3 && study.generation.weight == 0.5 && study.generation.batch == 2)
        #expect(study.comparison.distance.points == .paths && study.comparison.weights == .exponential(halfLife: 0.25))
        #expect(study.comparison.distance.exactLimit == 99 && study.comparison.distance.directions == 7)
        #expect(study.verdict.ranking == .parts && !study.verdict.isRelative && study.verdict.requiredShare == 0.8)
        #expect(study.verdict.requiredMargin == 1.5)
        #expect(study.promotes && study.parallel == 3 && study.threads == 2)
    }

    @Test("Little need be said")
    func defaults() throws {
        let study = try configuration(Self.least)
        #expect(study.parts == .genre && study.leaveOut == nil && study.seeds == Array(1...10))
        #expect(study.comparison.weights == .linear && study.comparison.distance == TrajectoryDistance())
        #expect(study.verdict == Verdict.Rule() && !study.promotes && study.parallel == 1 && study.threads == nil)
        #expect(
            try configuration(
                Self.least.replacing("\"output\"", with: "\"seeds\": {\"first\": 7, \"count\": 2}, \"output\"")
            ).seeds == [7, 8]
        )
        let curve = try configuration(
            Self.least.replacing("\"output\"", with: "\"comparison\": {\"weights\": [2, 0, 1]}, \"output\"")
        )
        #expect(curve.comparison.weights == .list([2, 0, 1]))
    }

    @Test("A configuration that was written to begin with is one")
    func start() throws {
        let object = StudyConfiguration.start(
            parts: [("bells", "bells, bright"), ("brass", "brass")],
            dataset: "tensors",
            model: "checkpoints"
        )
        let study = try StudyConfiguration(object, source: "start")
        #expect(study.prompts.map(\.part) == ["bells", "brass"] && study.seeds.count == 10)
        #expect(study.dataset == "tensors" && study.model == "checkpoints" && !study.promotes)
    }

    @Test("The example is a study of three styles")
    func example() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let file = root.appendingPathComponent("Examples/attribution/study.json").standardizedFileURL
        let study = try configuration(String(contentsOf: file, encoding: .utf8))
        #expect(study.prompts.map(\.part) == ["bells", "bells", "brass", "brass", "marimba", "marimba"])
        #expect(study.seeds.count == 10 && study.trainsAgain && study.verdict == Verdict.Rule())
    }

    @Test(
        "Each wrong field is named with its value and what it must be",
        arguments: [
            ("model", "7"), ("model", "\" \""), ("variant", "[]"), ("device", "true"), ("dtype", "\"int8\""),
            ("dtype", "8"),
            ("dataset", "{}"), ("output", "\"\""), ("output", "3"), ("parts", "\"artist\""), ("parts", "{}"),
            ("parts", "[]"),
            ("leave_out", "\"bells\""), ("leave_out", "[]"), ("leave_out", "[1]"), ("leave_out", "[\"a\", \"a\"]"),
            ("adapter", "1"), ("left_out_adapters", "[]"), ("train_again", "\"yes\""), ("training", "[1]"),
            ("prompts", "{}"), ("prompts", "[]"), ("seeds", "[]"), ("seeds", "[1, 1]"), ("seeds", "[1.5]"),
            ("seeds", "[-1]"), ("seeds", "[1e300]"), ("seeds", "10"), ("seeds", "[NaN]"), ("seeds", "{}"),
            ("generation", "[]"), ("comparison", "\"frames\""), ("verdict", "true"), ("promote", "1"),
            ("promote", "\"prod\""),
            ("parallel", "0"), ("parallel", "65"), ("parallel", "1.5"), ("threads", "0"), ("threads", "\"2\""),
            ("threads", "1e99"),
        ]
    )
    func wrong(key: String, value: String) throws {
        let said = try problem(key, value)
        #expect(said.contains("study.json") && said.contains("'\(key)'") && said.contains("must be"), "\(said)")
    }

    @Test(
        "So is one inside another",
        arguments: [
            ("parts", "{\"Bells\": [\"a\"]}", "parts.Bells"), ("parts", "{\"a/b\": [\"a\"]}", "parts.a/b"),
            ("parts", "{\"a\": []}", "parts.a"), ("parts", "{\"a\": [1]}", "parts.a"),
            ("parts", "{\"a\": \"x\"}", "parts.a"),
            ("left_out_adapters", "{\"bells\": 3}", "left_out_adapters.bells"),
            ("training", "{\"rank\": \"many\"}", "rank"), ("training", "{\"lr\": -1}", "--lr"),
            ("training", "{\"rnak\": 4}", "rnak"), ("training", "{\"output_dir\": \"x\"}", "training.output_dir"),
            ("training", "{\"resume-from\": \"x\"}", "training.resume-from"),
            ("prompts", "[1, 2]", "prompts[0]"), ("prompts", "[{}, {\"tags\": \"\"}]", "prompts[0].tags"),
            ("prompts", "[{\"tags\": \"\"}, {\"tags\": \"x\"}]", "prompts[0].tags"),
            ("prompts", "[{\"tags\": \"a\", \"part\": 1}, {\"tags\": \"x\"}]", "prompts[0].part"),
            ("prompts", "[{\"tags\": \"a\", \"duration\": 0}, {\"tags\": \"x\"}]", "prompts[0].duration"),
            ("prompts", "[{\"tags\": \"a\", \"bpm\": 0}, {\"tags\": \"x\"}]", "prompts[0].bpm"),
            ("prompts", "[{\"tags\": \"a\", \"keyscale\": 1}, {\"tags\": \"x\"}]", "prompts[0].keyscale"),
            ("prompts", "[{\"tags\": \"a\", \"timesignature\": 4}, {\"tags\": \"x\"}]", "prompts[0].timesignature"),
            ("prompts", "[{\"tags\": \"a\", \"vocal_language\": 4}, {\"tags\": \"x\"}]", "prompts[0].vocal_language"),
            ("prompts", "[{\"tags\": \"a\", \"lyrics\": []}, {\"tags\": \"x\"}]", "prompts[0].lyrics"),
            ("prompts", "[{\"tags\": \"a\", \"style\": \"b\"}, {\"tags\": \"x\"}]", "prompts[0].style"),
            ("prompts", "[{\"tags\": \"a\", \"name\": \"n\"}, {\"tags\": \"x\", \"name\": \"n\"}]", "prompts[1].name"),
            ("seeds", "{\"first\": 1, \"count\": 0}", "seeds.count"), ("seeds", "{\"from\": 1}", "seeds.from"),
            ("generation", "{\"duration\": 601}", "generation.duration"),
            ("generation", "{\"num_inference_steps\": 0}", "generation.num_inference_steps"),
            ("generation", "{\"guidance_scale\": -1}", "generation.guidance_scale"),
            ("generation", "{\"shift\": 0}", "generation.shift"),
            ("generation", "{\"weight\": NaN}", "generation.weight"),
            ("generation", "{\"batch\": 17}", "generation.batch"), ("generation", "{\"steps\": 8}", "generation.steps"),
            ("comparison", "{\"points\": \"notes\"}", "comparison.points"),
            ("comparison", "{\"exact_limit\": 0}", "comparison.exact_limit"),
            ("comparison", "{\"directions\": 1}", "comparison.directions"),
            ("comparison", "{\"weights\": \"steep\"}", "comparison.weights"),
            ("comparison", "{\"weights\": [0, 0]}", "comparison.weights"),
            ("comparison", "{\"weights\": [1, -1]}", "comparison.weights"),
            ("comparison", "{\"weights\": [1, Infinity]}", "comparison.weights"),
            ("comparison", "{\"weights\": []}", "comparison.weights"),
            ("comparison", "{\"weights\": {\"half_life\": 0}}", "comparison.weights.half_life"),
            ("comparison", "{\"weights\": {}}", "comparison.weights"),
            ("verdict", "{\"rank\": \"seeds\"}", "verdict.rank"), ("verdict", "{\"relative\": 1}", "verdict.relative"),
            ("verdict", "{\"margin\": 0.9}", "verdict.margin"), ("verdict", "{\"seeds\": 0}", "verdict.seeds"),
            ("verdict", "{\"seeds\": 1.1}", "verdict.seeds"),
            ("verdict", "{\"threshold\": 1}", "verdict.threshold"), ("promotion", "true", "promotion"),
        ]
    )
    func wrongInside(key: String, value: String, named: String) throws {
        let said = try problem(key, value)
        #expect(said.contains(named), "\(said)")
    }

    @Test("What fields cannot say alone is said of them together; all problems at once")
    func together() throws {
        #expect(try problem("dataset", "null", in: Self.least).contains("'dataset' is missing"))
        #expect(
            try problem("prompts", "[{\"part\": \"a\", \"tags\": \"x\"}]", in: Self.least).contains("all of one part")
        )
        #expect(try problem("prompts", "[{\"tags\": \"x\"}, {\"tags\": \"y\"}]", in: Self.least) == "")
        var object = try JSONParser.parseObject(Array(Self.whole.utf8), source: "")
        for key in ["dtype", "seeds", "verdict", "parallel"] { object.set(key, .string("?")) }
        let error = #expect(throws: AttributionError.self) { try StudyConfiguration(object, source: "study.json") }
        guard case .configuration(_, let problems) = error else { return }
        #expect(problems.count == 4)
        #expect(throws: AttributionError.self) { try configuration("{}") }
    }

    @Test("Adapters that are all given need no data set")
    func given() throws {
        let study = try configuration(
            """
            {"output": "o", "adapter": "a", "left_out_adapters": {"x": "b"},
             "prompts": [{"part": "x", "tags": "x"}, {"tags": "y"}]}
            """
        )
        #expect(study.dataset == nil && study.leftOutAdapters == ["x": "b"])
    }
}
