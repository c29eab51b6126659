// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import TrainingData

@Suite("Directories of tensors")
struct SampleDirectoryTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        for name in [
            "b.pt", "a.safetensors", "é.pt", "B.safetensors", "a.pt", "half.tmp.pt", ".hidden.pt", "notes.txt",
        ] {
            try directory.write("", to: name)
        }
        try TemporaryDirectory.create(directory.path(of: "more"))
        try directory.write("", to: "more/c.pt")
    }

    private func names(_ list: SampleDirectory) -> [String] {
        list.files.map { String($0.dropFirst(directory.path.count + 1)) }
    }

    @Test("Files come in the order of their names' bytes, unfinished ones and twins are left out with a word")
    func scan() throws {
        let list = try SampleDirectory(path: directory.path + "/")
        #expect(names(list) == ["B.safetensors", "a.safetensors", "b.pt", "é.pt"])
        #expect(list.warnings.count == 2)
        #expect(
            list.warnings.contains { $0.contains("1 unfinished") }
                && list.warnings.contains { $0.contains("both formats") }
        )
        #expect(list.record == nil)
    }

    @Test("A manifest rules: its order, other folders, paths as Windows writes them, what is missing dropped")
    func manifest() throws {
        let elsewhere = try TemporaryDirectory()
        try elsewhere.write("", to: "d.pt")
        let entries = [
            "more\\\\c.pt", " b.pt ", elsewhere.path(of: "d.pt"), "gone.pt", "half.tmp.pt", "C:\\\\songs\\\\x.pt",
            ".D:\\\\songs\\\\y.pt", "b.pt",
        ]
        let text = entries.map { "\"\($0)\"" }.joined(separator: ",")
        try directory.write("{\"samples\": [\(text)]}", to: "manifest.json")
        let list = try SampleDirectory(path: directory.path)
        #expect(
            list.files == [directory.path(of: "more/c.pt"), directory.path(of: "b.pt"), elsewhere.path(of: "d.pt")]
        )
        #expect(list.warnings.count == 4)
        for text in ["gone.pt", "unfinished", "C:\\songs\\x.pt, which does not exist", ".D:"] {
            #expect(list.warnings.contains { $0.contains(text) }, "\(list.warnings)")
        }
    }

    @Test(
        "A manifest that is none is passed over with the reason",
        arguments: [
            ("{\"samples\": [\"a\\b.pt\"", "not valid JSON"), ("[\"b.pt\"]", "a list, expected an object"),
            ("{\"samples\": \"b.pt\"}", "is no list"), ("{\"samples\": []}", "is empty"),
            ("{\"samples\": [1]}", "a number"),
        ]
    )
    func brokenManifest(text: String, reason: String) throws {
        try directory.write(text, to: "manifest.json")
        let list = try SampleDirectory(path: directory.path)
        #expect(list.files.count == 4)
        #expect(list.warnings.contains { $0.contains(reason) && $0.contains("backslash") }, "\(list.warnings)")
    }

    @Test("A manifest of which nothing is left, an empty directory and one of sound are errors that say what to do")
    func nothing() throws {
        try directory.write("{\"samples\": [\"gone.pt\"]}", to: "manifest.json")
        #expect(throws: TrainingDataError.self) { try SampleDirectory(path: directory.path) }
        let other = try TemporaryDirectory()
        for (reason, file) in [("lumina preprocess", "readme.txt"), ("--audio-dir \(other.path)", "song.wav")] {
            try other.write("", to: file)
            let error = #expect(throws: TrainingDataError.self) { try SampleDirectory(path: other.path) }
            #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        }
        let error = #expect(throws: TrainingDataError.self) { try SampleDirectory(path: other.path(of: "none")) }
        #expect(error?.description.contains("cannot be read") == true, "\(String(describing: error))")
    }

    @Test(
        "What is said of how the tensors were made is read back, Side-Step's too, and what is no such file is nothing"
    )
    func record() throws {
        var record = PreprocessingRecord()
        (record.modelVariant, record.checksums, record.targetDb) = ("base", ["a_b.pt": "00ff"], -1)
        try record.write(to: directory.path)
        #expect(try SampleDirectory(path: directory.path).record == record)
        let theirs = """
            {"created_at": "2026-01-02T03:04:05+00:00", "audio_dir": "/music", "source_audio_dir": "/music",
             "dataset_json": null, "model_variant": "turbo", "normalize": "peak", "target_db": -1.0, "target_lufs": -14.0,
             "custom_tag": "", "tag_position": "prepend", "genre_ratio": 0, "total": 2, "processed": 2, "failed": 0,
             "checksums": {"a.pt": "0cc175b9c0f1b6a831c399e269772661"}}
            """
        try directory.write(theirs, to: PreprocessingRecord.fileName)
        let read = try #require(try SampleDirectory(path: directory.path).record)
        #expect(read.modelVariant == "turbo" && read.audioDir == "/music" && read.skipped == nil && read.total == 2)
        #expect(read.checksums?["a.pt"] == "0cc175b9c0f1b6a831c399e269772661" && read.datasetJSON == nil)
        try directory.write("{", to: PreprocessingRecord.fileName)
        #expect(try SampleDirectory(path: directory.path).record == nil)
    }
}
