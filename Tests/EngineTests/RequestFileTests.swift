// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Engine
import TestSupport
import Testing

@Suite("Request files")
struct RequestFileTests {
    private func read(_ json: String) throws -> RequestFile {
        let directory = try TemporaryDirectory()
        return try RequestFile(path: directory.write(json, to: "request.json"))
    }

    @Test("Every field is read")
    func everyField() throws {
        let file = try read(
            """
            {"tags": "jazz", "lyrics": "la\\nla", "duration": 12.5, "num_inference_steps": 9, "guidance_scale": 4.5,
             "shift": 2, "seed": 4294967297, "vocal_language": "ja", "bpm": 120, "keyscale": "E minor",
             "timesignature": "4", "batch": 3, "cfg_interval_start": 0.25, "cfg_interval_end": 0.75,
             "adapters": [{"ref": "lora/a", "weight": -0.5}, {"ref": "b"}]}
            """
        )
        #expect(
            file.request
                == MusicRequest(
                    tags: "jazz",
                    lyrics: "la\nla",
                    duration: 12.5,
                    steps: 9,
                    guidance: 4.5,
                    shift: 2,
                    seed: 4_294_967_297,
                    bpm: WrittenNumber(120),
                    keyScale: "E minor",
                    timeSignature: "4",
                    vocalLanguage: "ja",
                    batch: 3,
                    guidanceInterval: .init(start: 0.25, end: 0.75)
                )
        )
        #expect(file.adapters == [AdapterReference("lora/a", weight: -0.5), AdapterReference("b")])
        #expect(file.unknownFields.isEmpty)
    }

    @Test("Absent fields leave the defaults, absent adapters the choice, and null is absent")
    func defaults() throws {
        let file = try read(#"{"tags": null, "seed": -1, "adapters": null}"#)
        #expect((file.request.steps, file.request.guidance, file.request.seed) == (nil, nil, nil))
        #expect((file.request.tags, file.request.lyrics, file.request.vocalLanguage) == ("", "", "unknown"))
        #expect(file.request.duration == MusicRequest(tags: "").duration)
        #expect(file.adapters == nil)
        #expect(try read(#"{"adapters": []}"#).adapters == [])
    }

    /// Python's `json` reads `120` as a whole number and `120.0` as another one, and prints each as it was.
    @Test(
        "Numbers go into the prompt as Python would print them",
        arguments: [
            ("120", "120"), ("120.0", "120.0"), ("82.5", "82.5"), ("82.50", "82.5"), ("1.2e2", "120.0"),
            ("\"96\"", "96"), ("\"96.50\"", "96.50"), (" 7 ", "7"),
        ]
    )
    func writtenNumbers(json: String, text: String) throws {
        let file = try read("{\"lyrics\": \"\\\"bpm\\\": 3, {[\", \"x\": {\"bpm\": 1}, \"bpm\": \(json)}")
        #expect(file.request.bpm?.text == text)
        #expect(try read("{\"timesignature\":\(json)}").request.timeSignature == text)
    }

    @Test("A tempo of zero, none or nonsense is not stated", arguments: ["0", "0.0", "-4", "\"\"", "\"fast\"", "null"])
    func noTempo(json: String) throws {
        #expect(try read("{\"bpm\": \(json)}").request.bpm == nil)
    }

    @Test("Fields that mean nothing are listed")
    func unknown() throws {
        #expect(
            try read(#"{"tags": "x", "zeal": 1, "inference_steps": 8}"#).unknownFields == ["inference_steps", "zeal"]
        )
    }

    @Test(
        "What is no request is refused with the file and the field",
        arguments: [
            ("", "is not a JSON object"), ("[1]", "is not a JSON object"), ("{\"tags\": ", "is not a JSON object"),
            (#"{"duration": "long"}"#, "field 'duration' has the wrong type"),
            (#"{"bpm": [1]}"#, "field 'bpm' has the wrong type"),
            (#"{"adapters": [{"weight": 1}]}"#, "field 'ref' is missing"),
        ]
    )
    func broken(json: String, reason: String) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(json, to: "request.json")
        #expect(throws: EngineError.request(file: path, reason: reason)) { try RequestFile(path: path) }
    }

    @Test("A number that is not whole or too large where a whole one is due is refused", arguments: ["8.5", "1e30"])
    func numbers(json: String) throws {
        for field in ["num_inference_steps", "seed", "batch"] {
            let error = #expect(throws: EngineError.self) { try read("{\"\(field)\": \(json)}") }
            #expect(error?.description.contains("a number is not whole") == true, "\(String(describing: error))")
        }
    }

    @Test("A file that is not there or too large is refused")
    func unreadable() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "none.json")
        #expect(throws: EngineError.request(file: path, reason: "cannot be read")) { try RequestFile(path: path) }
        let large = try directory.write([UInt8](repeating: 0x20, count: (16 << 20) + 1), to: "large.json")
        let error = #expect(throws: EngineError.self) { try RequestFile(path: large) }
        #expect(error?.description.contains("too large for a request") == true)
    }
}
