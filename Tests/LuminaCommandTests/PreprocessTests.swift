// SPDX-License-Identifier: Apache-2.0

import Audio
import Checkpoints
import Foundation
import TestSupport
import Testing
import TrainingData

/// Songs and runs of `lumina preprocess` over them.
enum Preprocessing {
    /// Songs of a fifth of a second in every format, at several rates and channel counts, in two folders.
    static func songs(copies: Int = 1) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try TemporaryDirectory.create(directory.path(of: "more"))
        let shapes: [(AudioFormat, Int, Int)] = [
            (.wav, 44_100, 2), (.flac, 48_000, 1), (.mp3, 32_000, 2), (.ogg, 22_050, 1), (.opus, 24_000, 2),
            (.wav, 96_000, 6),
        ]
        for copy in 0..<copies {
            for (position, (format, rate, channels)) in shapes.enumerated() {
                let samples = (0..<channels * rate / 5).map { index in
                    Float(0.4 * sin(Double(index % (rate / 5)) * (0.05 + 0.01 * Double(position + copy))))
                }
                let sound = try AudioBuffer(sampleRate: rate, channels: channels, samples: samples)
                let folder = position % 2 == 0 ? "" : "more/"
                let name = "\(folder)song_\(copy)\(position)"
                try AudioFile.write(sound, to: directory.path(of: name + "." + format.fileExtension))
                try directory.write("caption: take \(position)\nbpm: \(90 + position)\nlyrics:\nla", to: name + ".txt")
            }
        }
        return directory
    }

    static func run(
        _ model: FixtureCopy,
        _ songs: String,
        to output: String,
        _ more: [String] = [],
        environment: [String: String] = [:],
        interruption: ProgramRun.Interruption? = nil
    ) async throws -> LuminaProcess.Outcome {
        try await LuminaProcess.run(
            [
                "preprocess", "--model", model.path, "--variant", "turbo", "--audio-dir", songs, "--tensor-output",
                output, "--dtype", "float32",
            ] + more,
            environment: environment,
            interruption: interruption
        )
    }

    /// Names and bytes of the tensors in a directory.
    static func results(_ directory: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".pt") }
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(fileURLWithPath: directory + "/" + $0))) }
        )
    }
}

@Suite("lumina preprocess")
struct PreprocessTests {
    @Test("Every format becomes tensors under the conditions of generate; only what has changed is made again")
    func formats() async throws {
        let (model, songs) = (try EncoderFixture.checkpoint(), try Preprocessing.songs())
        let output = try TemporaryDirectory()
        func run(_ counts: [String: Int], _ more: [String] = []) async throws {
            let outcome = try await Preprocessing.run(model, songs.path, to: output.path, more + ["--json"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let report = try outcome.json()
            for (name, count) in counts { #expect(report[name] as? Int == count, "\(name) of \(report)") }
        }
        try await run(["total": 6, "processed": 6, "skipped": 0])
        let made = try Preprocessing.results(output.path)
        #expect(
            made.keys.sorted() == [
                "more__song_01.safetensors", "more__song_03.safetensors", "more__song_05.safetensors",
                "song_00.safetensors", "song_02.safetensors", "song_04.safetensors",
            ]
        )
        #expect(try output.names().filter { $0.hasPrefix(".") }.isEmpty)
        let sample = try TrainingSample(path: output.path(of: "song_00.safetensors"))
        #expect(sample.frames == 5 && sample.tensors[.targetLatents]?.shape == [5, 64])
        #expect(sample.metadata.bpm == 90 && sample.metadata.prompt == "take 0" && sample.metadata.lyrics == "la")
        try await Self.expectSameConditions(sample, as: model)
        let directory = try SampleDirectory(path: output.path)
        #expect(directory.files.count == 6 && directory.record?.modelVariant == "turbo")
        #expect(directory.record?.checksums?.keys.sorted() == made.keys.sorted())
        try await run(["processed": 0, "skipped": 6])
        #expect(try Preprocessing.results(output.path) == made)
        // Other words, and damage that leaves the header whole.
        try songs.write("caption: another", to: "song_00.txt")
        var damaged = try #require(made["song_02.safetensors"])
        damaged[damaged.count - 1] ^= 1
        try damaged.write(to: URL(fileURLWithPath: output.path(of: "song_02.safetensors")))
        try await run(["processed": 2, "skipped": 4])
        let now = try Preprocessing.results(output.path)
        #expect(now.filter { made[$0.key] != $0.value }.map(\.key) == ["song_00.safetensors"])
        let changed = try TrainingSample(path: output.path(of: "song_00.safetensors"))
        #expect(changed.metadata.prompt == "another")
        #expect(changed.tensors[.targetLatents] == sample.tensors[.targetLatents])
        // Other levels make everything anew.
        try await run(["processed": 6], ["--normalize", "peak"])
        let loud = try TrainingSample(path: output.path(of: "song_00.safetensors"))
        #expect(loud.tensors[.targetLatents] != sample.tensors[.targetLatents])
    }

    /// `generate` is asked for the same song and shows what it conditions on.
    private static func expectSameConditions(_ sample: TrainingSample, as model: FixtureCopy) async throws {
        let directory = try TemporaryDirectory()
        let generated = try await LuminaProcess.run([
            "generate", "--model", model.path, "--variant", "turbo", "--tags", "take 0", "--lyrics", "la", "--bpm",
            "90", "--duration", "0.2", "--steps", "1", "--seed", "1", "--dtype", "float32", "--out",
            directory.path(of: "a.wav"), "--save-tensors", directory.path(of: "a.safetensors"),
        ])
        #expect(generated.status == 0, "\(generated.errors)")
        let expected = try TensorFile(path: directory.path(of: "a.safetensors")).entry("encoder_hidden_states")
        let states = try #require(sample.tensors[.encoderHiddenStates])
        #expect([1] + states.shape == expected.shape && states.bytes == expected.bytes)
        #expect(sample.tensors[.encoderAttentionMask]?.bytes.allSatisfy { $0 == 1 } == true)
        let silence = try #require(sample.tensors[.contextLatents])
        let entry = TensorFile.Entry(dtype: silence.dtype, shape: silence.shape, bytes: silence.bytes)
        let ones = entry.floats.enumerated().filter { $0.offset % 128 >= 64 }.map(\.element)
        #expect(ones.allSatisfy { $0 == 1 } && entry.floats[..<64].contains { $0 != 0 })
    }

    @Test(
        "Songs that cannot be used are named and in the exit code; the others are made, as torch archives for Side-Step"
    )
    func failures() async throws {
        let (model, songs) = (try EncoderFixture.checkpoint(), try Preprocessing.songs())
        let output = try TemporaryDirectory()
        try songs.write(Array("RIFF".utf8), to: "broken.wav")
        try songs.write([0, 0, 0, 32] + Array("ftypM4A ".utf8) + [UInt8](repeating: 0, count: 99), to: "foreign.m4a")
        let short = try AudioBuffer(sampleRate: 48_000, channels: 1, samples: [Float](repeating: 0.1, count: 1919))
        try AudioFile.write(short, to: songs.path(of: "short.wav"))
        try FileManager.default.copyItem(
            atPath: songs.path(of: "song_00.wav"),
            toPath: songs.path(of: "untold.wav")
        )
        let options = ["--format", "pt", "--compat", "side-step", "--max-duration", "0.1"]
        let outcome = try await Preprocessing.run(model, songs.path, to: output.path, options)
        #expect(outcome.status == 1)
        for text in ["broken.wav", "foreign.m4a' is MPEG-4", "short.wav: it is shorter than a frame"] {
            #expect(outcome.errors.contains(text), "\(outcome.errors)")
        }
        #expect(outcome.output.contains("7 of 10 songs made, 0 were there, 3 failed"), "\(outcome.output)")
        let names = try Preprocessing.results(output.path).keys
        #expect(names.count == 7 && names.allSatisfy { $0.hasSuffix(".pt") })
        for name in names {
            let sample = try TrainingSample(path: output.path(of: name))
            #expect(sample.frames == 2 && sample.tensors[.encoderHiddenStates]?.shape[0] == 769)
            let mask = try #require(sample.tensors[.encoderAttentionMask]?.bytes)
            let real = mask.prefix { $0 == 1 }.count
            #expect((10..<200).contains(real) && mask.dropFirst(real).allSatisfy { $0 == 0 })
        }
        let again = try await Preprocessing.run(model, songs.path, to: output.path, options + ["--json"])
        #expect(again.status == 1)
        #expect((try again.json()["failures"] as? [Any])?.count == 3)
        #expect(try again.json()["skipped"] as? Int == 7)
    }

    @Test("A song that has left the dataset is pointed out: its tensors would be learnt from")
    func strangers() async throws {
        let (model, songs) = (try EncoderFixture.checkpoint(), try TemporaryDirectory())
        let output = try TemporaryDirectory()
        let sound = try AudioBuffer(sampleRate: 48_000, channels: 1, samples: [Float](repeating: 0.1, count: 4000))
        for name in ["a.wav", "b.wav"] { try AudioFile.write(sound, to: songs.path(of: name)) }
        #expect(try await Preprocessing.run(model, songs.path, to: output.path).errors.contains("warning") == false)
        try FileManager.default.removeItem(atPath: songs.path(of: "b.wav"))
        let outcome = try await Preprocessing.run(model, songs.path, to: output.path)
        #expect(outcome.status == 0 && outcome.errors.contains("b.safetensors"), "\(outcome.errors)")
    }

    @Test("Without songs, without a model and without an encoder it says so in one line")
    func wrongUsage() async throws {
        let (songs, output) = (try Preprocessing.songs(), try TemporaryDirectory())
        let none = try await LuminaProcess.run(["preprocess", "--model", "x", "--tensor-output", output.path])
        #expect(none.status == 2 && none.errors.contains("--audio-dir"))
        let base = ["preprocess", "--audio-dir", songs.path, "--tensor-output", output.path]
        let embedded = try await LuminaProcess.run(base)
        #expect(embedded.status == 1 && embedded.errors.contains("--model DIR"), "\(embedded.errors)")
        let fixture = TestProducts.modelFixture("checkpoints")
        let half = try await LuminaProcess.run(base + ["--model", fixture, "--variant", "turbo", "--quiet"])
        #expect(half.status == 1 && half.errors.contains("encoder.conv1"), "\(half.errors)")
    }
}
