// SPDX-License-Identifier: Apache-2.0

import Audio
import Checkpoints
import Foundation
import TestSupport
import Testing
import TrainingData

@Suite("lumina preprocess")
struct PreprocessTests {
    /// Songs of a fifth of a second in every format, at several rates and channel counts, in two folders.
    private static func songs(copies: Int = 1) throws -> TemporaryDirectory {
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

    private static func preprocess(
        _ model: FixtureCopy,
        _ songs: String,
        to output: String,
        _ more: [String] = [],
        whileRunning: (Process, String) async throws -> Void = { _, _ in }
    ) async throws -> LuminaProcess.Outcome {
        try await LuminaProcess.run(
            [
                "preprocess", "--model", model.path, "--variant", "turbo", "--audio-dir", songs, "--tensor-output",
                output,
            ] + more,
            whileRunning: whileRunning
        )
    }

    /// Names and bytes of the tensors in a directory.
    private static func results(_ directory: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".pt") }
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(fileURLWithPath: directory + "/" + $0))) }
        )
    }

    @Test("Every format becomes tensors, told to the model as generate would be asked for them; what is there stays")
    func formats() async throws {
        let (model, songs, output) = (try EncoderFixture.checkpoint(), try Self.songs(), try TemporaryDirectory())
        let first = try await Self.preprocess(model, songs.path, to: output.path, ["--json"])
        #expect(first.status == 0, "\(first.errors)")
        let report = try first.json()
        #expect(report["total"] as? Int == 6 && report["processed"] as? Int == 6 && report["skipped"] as? Int == 0)
        let made = try Self.results(output.path)
        #expect(
            made.keys.sorted() == [
                "more__song_01.safetensors", "more__song_03.safetensors", "more__song_05.safetensors",
                "song_00.safetensors", "song_02.safetensors", "song_04.safetensors",
            ]
        )
        let sample = try TrainingSample(path: output.path(of: "song_00.safetensors"))
        #expect(sample.frames == 5 && sample.tensors[.targetLatents]?.shape == [5, 64])
        #expect(sample.metadata.bpm == 90 && sample.metadata.prompt == "take 0" && sample.metadata.lyrics == "la")
        try await Self.expectSameConditions(sample, as: model)
        let meta = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: output.path(of: "preprocess_meta.json")))
        )
        #expect((meta as? [String: Any])?["model_variant"] as? String == "turbo")
        let again = try await Self.preprocess(model, songs.path, to: output.path, ["--json"])
        #expect(try again.json()["skipped"] as? Int == 6)
        #expect(try Self.results(output.path) == made)
        // Other words make one song anew, and leave the others alone.
        try songs.write("caption: another", to: "song_00.txt")
        let changed = try await Self.preprocess(model, songs.path, to: output.path, ["--json"])
        #expect(try changed.json()["processed"] as? Int == 1)
        let now = try Self.results(output.path)
        #expect(now.filter { made[$0.key] != $0.value }.map(\.key) == ["song_00.safetensors"])
    }

    /// `generate` is asked for the same song and shows what it conditions on.
    private static func expectSameConditions(_ sample: TrainingSample, as model: FixtureCopy) async throws {
        let directory = try TemporaryDirectory()
        let generated = try await LuminaProcess.run([
            "generate", "--model", model.path, "--variant", "turbo", "--tags", "take 0", "--lyrics", "la", "--bpm",
            "90",
            "--duration", "0.2", "--steps", "1", "--seed", "1", "--out", directory.path(of: "a.wav"),
            "--save-tensors", directory.path(of: "a.safetensors"),
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
        "A run that is killed goes on where it was, to the same bytes",
        arguments: [[], ["--sample-posterior", "--seed", "7"]]
    )
    func killed(options: [String]) async throws {
        let (model, songs) = (try EncoderFixture.checkpoint(), try Self.songs(copies: 2))
        let (whole, broken) = (try TemporaryDirectory(), try TemporaryDirectory())
        #expect(try await Self.preprocess(model, songs.path, to: whole.path, options).status == 0)
        let killed = try await Self.preprocess(model, songs.path, to: broken.path, options) { process, _ in
            let rest = broken.path(of: ".preprocessing")
            while process.isRunning {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: rest)) ?? []  // not made yet
                if names.count(where: { !$0.hasPrefix(".") }) >= 3 { break }
                try await Task.sleep(for: .milliseconds(2))
            }
            kill(process.processIdentifier, SIGKILL)
        }
        #expect(killed.status == -SIGKILL)
        let left = try FileManager.default.contentsOfDirectory(atPath: broken.path(of: ".preprocessing")).count
        #expect((1...13).contains(left))
        let resumed = try await Self.preprocess(model, songs.path, to: broken.path, options)
        #expect(resumed.status == 0, "\(resumed.errors)")
        let (expected, found) = (try Self.results(whole.path), try Self.results(broken.path))
        #expect(expected.count == 12 && found == expected)
    }

    @Test("Songs that cannot be used are named and in the exit code; the others are made, also as torch archives")
    func failures() async throws {
        let (model, songs, output) = (try EncoderFixture.checkpoint(), try Self.songs(), try TemporaryDirectory())
        try songs.write(Array("RIFF".utf8), to: "broken.wav")
        try songs.write([0, 0, 0, 32] + Array("ftypM4A ".utf8) + [UInt8](repeating: 0, count: 99), to: "foreign.m4a")
        let short = try AudioBuffer(sampleRate: 48_000, channels: 1, samples: [Float](repeating: 0.1, count: 1919))
        try AudioFile.write(short, to: songs.path(of: "short.wav"))
        let outcome = try await Self.preprocess(
            model,
            songs.path,
            to: output.path,
            ["--format", "pt", "--normalize", "peak"]
        )
        #expect(outcome.status == 1)
        for text in ["broken.wav", "foreign.m4a' is MPEG-4", "short.wav: it is shorter than a frame"] {
            #expect(outcome.errors.contains(text), "\(outcome.errors)")
        }
        #expect(outcome.output.contains("6 of 9 songs made, 0 were there, 3 failed"), "\(outcome.output)")
        let names = try Self.results(output.path).keys
        #expect(names.count == 6 && names.allSatisfy { $0.hasSuffix(".pt") })
        for name in names { _ = try TrainingSample(path: output.path(of: name)) }
    }

    @Test("Without songs, without a model and without an encoder it says so in one line")
    func wrongUsage() async throws {
        let (songs, output) = (try Self.songs(), try TemporaryDirectory())
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
