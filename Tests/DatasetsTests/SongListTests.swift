// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import TestSupport
import Testing

@Suite("Lists of songs")
struct SongListTests {
    /// A folder of files that are there, whatever they hold.
    private final class Folder {
        private let directory: TemporaryDirectory
        var path: String { directory.path(of: "music") }

        init(_ files: [String: String]) throws {
            directory = try TemporaryDirectory()
            for (name, text) in files {
                let file = URL(fileURLWithPath: path + "/" + name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(text.utf8).write(to: file)
            }
        }

        func names(_ list: SongList) -> [String] { list.songs.map { String($0.audioPath.dropFirst(path.count + 1)) } }
    }

    @Test(
        "A folder's songs in Python's order, with the texts beside them; links in a circle and hidden files do no harm"
    )
    func folder() throws {
        let folder = try Folder([
            "b.wav": "", "a/z.FLAC": "", "a.mp3": "", "a-b/x.opus": "", "a/z.txt": "caption: zed", "notes.txt": "",
            "c.m4a": "",
            ".hidden/d.wav": "", "._a.mp3": "",
        ])
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/a/up", withDestinationPath: folder.path)
        let list = try SongList(folder: folder.path, list: nil)
        #expect(folder.names(list) == ["a/z.FLAC", "a-b/x.opus", "a.mp3", "b.wav", "c.m4a"])
        #expect(list.songs[0].metadata.caption == "zed" && list.songs[0].hasCaption)
        #expect(list.songs[2].metadata.caption == "a" && !list.songs[2].hasCaption)
    }

    @Test("Songs of one name in two folders keep what is said of each")
    func sameName() throws {
        let folder = try Folder([
            "a/song.wav": "", "b/song.wav": "",
            "dataset.json": """
            {"samples": [{"audio_path": "b/song.wav", "caption": "second", "bpm": 90.0},
                         {"audio_path": "a/song.wav", "filename": "song.wav", "caption": "first", "bpm": "120"}]}
            """,
        ])
        let list = try SongList(folder: nil, list: folder.path + "/dataset.json")
        #expect(list.songs.map(\.metadata.caption) == ["first", "second"])
        #expect(list.songs.map(\.metadata.bpm) == [120, 90])
        let names = AudioFolder.names(of: list.songs.map(\.audioPath), below: nil)
        #expect(names == ["a__song", "b__song"])
    }

    @Test("Names for results are all different, and the same whether the folder is given or not")
    func names() {
        let paths = ["/m/a/x.wav", "/m/a/x.mp3", "/m/b/y.v2.wav", "/m/a__x.flac"]
        let expected = ["a__x.wav", "a__x.mp3", "b__y.v2", "a__x.flac"]
        #expect(AudioFolder.names(of: paths, below: "/m") == expected)
        #expect(AudioFolder.names(of: paths, below: nil) == expected)
        #expect(AudioFolder.names(of: ["/m/x.wav"], below: nil) == ["x"])
        #expect(AudioFolder.names(of: ["m/a/x.wav"], below: "m") == ["a__x"])
    }

    @Test("A bare array, an object, and what the object says of all songs")
    func shapes() throws {
        let folder = try Folder([
            "a.wav": "", "bare.json": #"[{"filename": "a.wav", "lyrics": ""}]"#,
            "full.json": """
            {"metadata": {"name": "mine", "custom_tag": "zxq", "tag_position": "append", "genre_ratio": 100},
             "samples": [{"audio_path": "/nowhere/a.wav", "filename": "a.wav", "caption": null, "genre": "jazz",
                          "is_instrumental": false, "duration": 12.9, "repeat": null, "unknown": [1]}]}
            """,
        ])
        let bare = try SongList(folder: nil, list: folder.path + "/bare.json")
        #expect(bare.songs[0].metadata.lyrics.isEmpty && bare.songs[0].metadata.isInstrumental)
        let full = try SongList(folder: nil, list: folder.path + "/full.json")
        #expect(full.name == "mine" && full.genrePercentage == 100)
        #expect(full.prompts.map(\.text) == ["jazz, zxq"])
        let song = try #require(full.songs.first)
        #expect(song.audioPath == folder.path + "/a.wav" && song.metadata.duration == 12)
        #expect(!song.metadata.isInstrumental && !song.hasCaption && song.metadata.caption == "a")
    }

    @Test("What a list names is looked for in its own folder and then in the folder of songs")
    func separateFolder() throws {
        let lists = try Folder(["a.wav": "", "list.json": #"[{"audio_path": "x/b.wav"}, {"filename": "a.wav"}]"#])
        let music = try Folder(["a.wav": "", "x/b.wav": "", "c.wav": ""])
        let list = try SongList(folder: music.path, list: lists.path + "/list.json")
        #expect(Set(list.songs.map(\.audioPath)) == [lists.path + "/a.wav", music.path + "/x/b.wav"])
        #expect(list.songs.allSatisfy { $0.source == .list } && list.warnings.isEmpty)
        let all = try SongList(folder: music.path, list: nil)
        #expect(all.songs.allSatisfy { $0.source == .nothing })
    }

    @Test("Sound, texts and lists belong to a folder of songs, other files do not")
    func belonging() {
        for name in ["a.wav", "x/b.OPUS", "c.m4a", "a.lyrics.txt", "dataset.json", "metadata.csv", "metadata.parquet"] {
            #expect(AudioFolder.belongs(name), "\(name)")
        }
        for name in ["a.txt.bak", "cover.jpg", "train.parquet", "wav"] {
            #expect(!AudioFolder.belongs(name), "\(name)")
        }
    }

    @Test("Missing sound is a warning, and an error where nothing is left")
    func missing() throws {
        let folder = try Folder([
            "a.wav": "", "some.json": #"[{"audio_path": "a.wav"}, {"audio_path": "gone.wav"}]"#,
            "none.json": #"[{"audio_path": "gone.wav"}]"#, "empty.json": "[]",
        ])
        let list = try SongList(folder: nil, list: folder.path + "/some.json")
        #expect(list.songs.count == 1)
        #expect(
            list.warnings.count == 1 && list.warnings[0].contains("sample 2") && list.warnings[0].contains("gone.wav")
        )
        for name in ["none.json", "empty.json"] {
            #expect(throws: DatasetError.self) { try SongList(folder: nil, list: folder.path + "/" + name) }
        }
        let bare = try Folder(["readme.txt": ""])
        let error = #expect(throws: DatasetError.self) { try SongList(folder: bare.path, list: nil) }
        #expect(error?.description.contains(".flac") == true)
        #expect(throws: DatasetError.self) { try SongList(folder: bare.path + "/none", list: nil) }
    }

    @Test(
        "Lists that are none are refused with the place",
        arguments: [
            ("{", "not valid JSON"), ("3", "a number"), ("{}", "'samples'"), (#"{"samples": 1}"#, "expected a list"),
            (#"["a.wav"]"#, "sample 1"), (#"[{"audio_path": "a.wav", "caption": [1]}]"#, "caption is a list"),
            (#"[{"caption": "x"}]"#, "names no sound file"),
            (#"[{"audio_path": "a.wav", "bpm": {}}]"#, "bpm is an object"),
            (#"{"metadata": {"tag_position": "middle"}, "samples": []}"#, "tag_position"),
            (#"{"metadata": {"genre_ratio": 101}, "samples": []}"#, "genre_ratio"),
            (String(repeating: "[", count: 100_000), "not valid JSON"),
        ]
    )
    func malformed(text: String, reason: String) throws {
        let folder = try Folder(["a.wav": "", "dataset.json": text])
        let path = folder.path + "/dataset.json"
        let error = #expect(throws: DatasetError.self) { try SongList(folder: nil, list: path) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.hasPrefix(path) == true)
    }

    @Test("Hugging Face's audiofolder, as lines of JSON and as a table, is found in the folder")
    func audioFolder() throws {
        let lines = try Folder([
            "x/a.wav": "", "b.wav": "", "c.wav": "",
            "metadata.jsonl": """
            {"file_name": "b.wav", "text": "bee", "lyrics": "la"}

            {"file_name": "x/a.wav", "caption": "ay", "bpm": 100}
            """,
        ])
        let list = try SongList(folder: lines.path, list: nil)
        #expect(lines.names(list) == ["b.wav", "x/a.wav"])
        #expect(list.songs.map(\.metadata.caption) == ["bee", "ay"])
        let table = try Folder([
            "a.wav": "", "b.wav": "",
            "metadata.csv":
                "\u{FEFF}file_name,caption, bpm\r\na.wav,\"soft, \"\"low\"\" \nstrings\",80\r\n\r\nb.wav,,\r\n",
        ])
        let songs = try SongList(folder: table.path, list: nil).songs
        #expect(songs.map(\.metadata.caption) == ["soft, \"low\" \nstrings", "b"])
        #expect(songs.map(\.metadata.bpm) == [80, nil])
    }

    @Test(
        "Tables and lines that are broken are refused with their row",
        arguments: [
            ("metadata.csv", "file_name,caption\na.wav,x,y\n", "row 2"),
            ("metadata.csv", "file_name\n\"a.wav", "does not end"),
            ("metadata.jsonl", "{\"file_name\": \"a.wav\"}\n{", "line 2"), ("metadata.jsonl", "[]", "line 1"),
        ]
    )
    func brokenTables(name: String, text: String, reason: String) throws {
        let folder = try Folder(["a.wav": "", name: text])
        let error = #expect(throws: DatasetError.self) { try SongList(folder: folder.path, list: nil) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("Parquet is refused with the way to convert it, by its name and by its first bytes")
    func parquet() throws {
        let folder = try Folder(["a.wav": "", "metadata.parquet": "PAR1", "other.json": "PAR1...."])
        for list in [nil, folder.path + "/metadata.parquet", folder.path + "/other.json"] {
            let error = #expect(throws: DatasetError.self) { try SongList(folder: folder.path, list: list) }
            guard case .parquet = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(error?.description.contains("load_dataset") == true)
        }
    }

    @Test("What is written is read back, and has Side-Step's fields")
    func writing() throws {
        let folder = try Folder(["a.wav": "", "b.wav": "", "a.txt": "caption: ünï\nbpm: 90\nlyrics: la\ngenre: Jazz"])
        var list = try SongList(folder: folder.path, list: nil)
        (list.name, list.trigger, list.triggerPosition, list.genrePercentage) = ("mine", "zxq", .replace, 40)
        let path = folder.path + "/dataset.json"
        try list.write(to: path, date: Date(timeIntervalSince1970: 0))
        var expected = list
        for position in expected.songs.indices { expected.songs[position].source = .list }
        #expect(try SongList(folder: nil, list: path) == expected)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let metadata = try #require(object["metadata"] as? [String: Any])
        #expect(
            Set(metadata.keys)
                == [
                    "name", "custom_tag", "tag_position", "created_at", "num_samples", "all_instrumental",
                    "genre_ratio",
                ]
        )
        let sample = try #require((object["samples"] as? [[String: Any]])?.first)
        #expect(
            Set(sample.keys) == [
                "id", "audio_path", "filename", "caption", "genre", "lyrics", "raw_lyrics", "formatted_lyrics", "bpm",
                "keyscale", "timesignature", "duration", "language", "is_instrumental", "custom_tag", "labeled",
                "prompt_override", "repeat",
            ]
        )
        #expect((sample["id"] as? String)?.count == 8 && sample["prompt_override"] is NSNull)
        #expect(String(decoding: data, as: UTF8.self).contains("ünï"))
    }

    @Test("Each genre is left out once; what has none stays")
    func leaveOneOut() {
        let genres = ["Hip Hop", "jazz", "", "hip-hop", "rock"]
        let songs = genres.enumerated().map { position, genre in
            var metadata = SongMetadata(caption: "song")
            metadata.genre = genre
            return Song(audioPath: "/m/\(position).wav", metadata: metadata, source: .list, hasCaption: true)
        }
        let subsets = SongList(songs: songs).leavingOneGenreOut()
        #expect(subsets.map(\.name) == ["loo-hip-hop", "loo-jazz", "loo-rock"])
        #expect(
            subsets.map { $0.songs.map(\.metadata.genre) } == [
                ["jazz", "", "rock"], ["Hip Hop", "", "hip-hop", "rock"], ["Hip Hop", "jazz", "", "hip-hop"],
            ]
        )
        #expect(SongList(songs: Array(songs.prefix(1))).leavingOneGenreOut().isEmpty)
    }

    @Test("What a check finds")
    func report() {
        struct Broken: Error, CustomStringConvertible { let description = "cannot read it" }
        func song(_ name: String, captioned: Bool = true, _ change: (inout SongMetadata) -> Void = { _ in }) -> Song {
            var metadata = SongMetadata(audioPath: name)
            change(&metadata)
            return Song(audioPath: name, metadata: metadata, source: .textFiles, hasCaption: captioned)
        }
        let list = SongList(songs: [
            song("a.wav") { ($0.bpm, $0.duration) = (5, 60) }, song("b.wav", captioned: false), song("c.wav"),
            song("d.wav") { $0.lyrics = "la" }, song("e.wav") { $0.isInstrumental = false },
            song("f.wav") { $0.promptOverride = .genre },
        ])
        let report = DatasetReport(list) { path in
            if path == "c.wav" { throw Broken() }
            return .init(seconds: path == "f.wav" ? 0.5 : 30, sampleRate: 44_100)
        }
        func messages(_ path: String) -> String {
            report.findings.filter { $0.path == path }.map(\.message).joined(separator: "\n")
        }
        #expect(messages("a.wav").contains("5 bpm") && messages("a.wav").contains("given as 60 s"))
        #expect(messages("b.wav").contains("no caption") && messages("c.wav").contains("cannot read it"))
        #expect(messages("d.wav").contains("has lyrics") && messages("e.wav").contains("no lyrics"))
        #expect(messages("f.wav").contains("genre") && messages("f.wav").contains("less than a second"))
        #expect(report.hasErrors && report.findings.count { $0.isError } == 1)
        #expect(report.seconds == 120.5 && report.shortest == 0.5 && report.longest == 30)
        #expect(report.sampleRates == [44_100: 5] && report.captioned == 5 && report.instrumental == 5)
    }
}
