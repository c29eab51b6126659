// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Datasets
import Foundation
import TestSupport
import Testing
import TrainingData

@Suite("Files of tensors")
struct TrainingSampleTests {
    private static func fixture(_ name: String) -> String { Bundle.module.bundlePath + "/Fixtures/" + name }

    private static func floats(_ values: [Float], _ shape: [Int]) -> TrainingSample.Tensor {
        let bytes = values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
        return .init(dtype: .float32, shape: shape, bytes: bytes)
    }

    private static var tensors: [TrainingSample.Key: TrainingSample.Tensor] {
        [
            .targetLatents: floats((0..<3).flatMap { row in (0..<4).map { Float(row + 10 * $0) } }, [3, 4]),
            .attentionMask: floats([1, 1, 1], [3]),
            .encoderHiddenStates: floats((0..<10).map { Float($0) / 4 }, [5, 2]),
            .encoderAttentionMask: .init(dtype: .bool, shape: [5], bytes: [1, 1, 0, 1, 1]),
            .contextLatents: floats((0..<24).map { -Float($0) }, [3, 8]),
        ]
    }

    private static func sample() throws -> TrainingSample {
        var metadata = SongMetadata(caption: "soft piano")
        (metadata.bpm, metadata.genre, metadata.trigger) = (90, "jazz", "zxq")
        (metadata.lyrics, metadata.isInstrumental) = ("[Verse]\nné 夜", false)
        let song = Song(audioPath: "/music/a.wav", metadata: metadata, source: .textFiles, hasCaption: true)
        return try TrainingSample(
            tensors: tensors,
            metadata: SampleMetadata(
                song,
                origin: "/music/a.wav",
                duration: 12,
                prompt: "zxq, soft piano",
                fingerprint: "made so"
            ),
            path: "sample"
        )
    }

    @Test("What is written is read back, with the same bytes each time", arguments: TrainingSample.Format.allCases)
    func roundTrip(format: TrainingSample.Format) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "a." + format.rawValue)
        try Self.sample().write(to: path, format: format)
        #expect(try TrainingSample(path: path) == Self.sample())
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try Self.sample().write(to: path, format: format)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }

    /// `Fixtures/make.py` reads that file with `torch.load(weights_only=True)` and checks its values.
    @Test("The archive is, byte for byte, the one that torch.load has read")
    func archive() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "a.pt")
        try Self.sample().write(to: path, format: .pt)
        let expected = try Data(contentsOf: URL(fileURLWithPath: Self.fixture("ours.pt")))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == expected)
        try TorchArchive(path: path).verifyChecksums()
    }

    @Test("Side-Step's file is read: bfloat16, a mask of booleans, a view, its metadata")
    func sideStep() throws {
        let sample = try TrainingSample(path: Self.fixture("side-step.pt"))
        #expect(sample.frames == 6)
        #expect(sample.tensors[.targetLatents]?.dtype == .bfloat16 && sample.tensors[.targetLatents]?.shape == [6, 64])
        #expect(sample.tensors[.encoderAttentionMask]?.bytes == [1, 1, 1, 1, 1, 1, 1, 0, 0])
        let context = try #require(sample.tensors[.contextLatents])
        // The last 64 of each frame's 128 channels are ones, in whatever order the file keeps them.
        #expect(context.shape == [6, 128] && Array(context.bytes.suffix(4)) == [0x80, 0x3F, 0x80, 0x3F])
        #expect(Array(context.bytes[128..<132]) == [0x80, 0x3F, 0x80, 0x3F])
        let metadata = sample.metadata
        #expect(metadata.caption == "warm jazz" && metadata.bpm == nil && metadata.duration == 12)
        #expect(metadata.customTag == "zxq" && metadata.isInstrumental && metadata.fingerprint == nil)
    }

    @Test("A missing tensor is named", arguments: TrainingSample.Key.allCases)
    func missing(key: TrainingSample.Key) throws {
        var tensors = Self.tensors
        tensors[key] = nil
        #expect(throws: TrainingDataError.missing(path: "x", tensor: key.rawValue)) {
            try TrainingSample(tensors: tensors, metadata: SampleMetadata(), path: "x")
        }
    }

    @Test(
        "Tensors that do not belong together are refused by name",
        arguments: [
            (TrainingSample.Key.attentionMask, [2]), (.encoderAttentionMask, [4]), (.contextLatents, [3, 4]),
            (.targetLatents, [12]), (.targetLatents, [0, 4]), (.encoderHiddenStates, [1, 5, 2]),
        ]
    )
    func misfits(key: TrainingSample.Key, shape: [Int]) throws {
        var tensors = Self.tensors
        tensors[key] = Self.floats([Float](repeating: 0, count: shape.reduce(1, *)), shape)
        let error = #expect(throws: TrainingDataError.self) {
            try TrainingSample(tensors: tensors, metadata: SampleMetadata(), path: "x")
        }
        #expect(
            error?.description.contains("x: tensor '\(key.rawValue)' is \(shape)") == true,
            "\(String(describing: error))"
        )
    }

    @Test("Integers are no latents, and another name is no format")
    func types() throws {
        var tensors = Self.tensors
        tensors[.targetLatents] = .init(dtype: .int64, shape: [3, 4], bytes: [UInt8](repeating: 0, count: 96))
        #expect(throws: TrainingDataError.self) {
            try TrainingSample(tensors: tensors, metadata: SampleMetadata(), path: "x")
        }
        #expect(throws: TrainingDataError.unknownFormat(path: "a.bin")) { try TrainingSample(path: "a.bin") }
    }

    @Test("Archives refuse tensors whose bytes are not what their shape takes, and types that torch lacks")
    func invalidArchives() throws {
        let directory = try TemporaryDirectory()
        for tensor in [
            TorchArchiveWriter.Tensor(dtype: .float32, shape: [2], bytes: [0, 0, 0, 0]),
            .init(dtype: .float8e4m3, shape: [1], bytes: [0]),
        ] {
            #expect(throws: CheckpointError.self) {
                try TorchArchiveWriter.write([.init("x", .tensor(tensor))], to: directory.path(of: "a.pt"))
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }
}
