// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import TestSupport
import Testing
import TrainingData

@Suite("Mapped files of tensors")
struct SampleFileTests {
    private static let sideStep = Bundle.module.bundlePath + "/Fixtures/side-step.pt"

    private static func bytes(
        _ file: SampleFile,
        _ key: TrainingSample.Key,
        _ rows: Range<Int>? = nil
    ) throws -> [UInt8] {
        try unsafe file.withBytes(of: key, rows: rows) { unsafe [UInt8]($0) }
    }

    /// Side-Step's own file, and what we write of it in both formats.
    private static func files(in directory: TemporaryDirectory) throws -> [SampleFile] {
        let sample = try TrainingSample(path: sideStep)
        return try [SampleFile(path: sideStep)]
            + TrainingSample.Format.allCases.map { format in
                let path = directory.path(of: "song." + format.rawValue)
                try sample.write(to: path, format: format)
                return try SampleFile(path: path)
            }
    }

    @Test("Whole tensors and rows of them are the same from every format")
    func rows() throws {
        let directory = try TemporaryDirectory()
        for file in try Self.files(in: directory) {
            #expect(file.frames == 6 && file.shape(of: .encoderHiddenStates) == [9, 4])
            #expect(file.dtype(of: .contextLatents) == .bfloat16 && file.dtype(of: .encoderAttentionMask) == .bool)
            #expect(file.metadata.caption == "warm jazz" && file.metadata.duration == 12)
            for (key, width) in [(TrainingSample.Key.targetLatents, 128), (.contextLatents, 256), (.attentionMask, 2)] {
                let whole = try Self.bytes(file, key)
                #expect(whole.count == 6 * width)
                #expect(try Self.bytes(file, key, 2..<5) == Array(whole[2 * width..<5 * width]))
                #expect(try Self.bytes(file, key, 6..<6).isEmpty)
                #expect(try whole == TrainingSample(path: Self.sideStep).tensors[key]?.bytes)
            }
        }
    }

    @Test(
        "A file that lacks a tensor, or is cut off, is refused with its path",
        arguments: TrainingSample.Format.allCases
    )
    func damaged(format: TrainingSample.Format) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "cut." + format.rawValue)
        try TrainingSample(path: Self.sideStep).write(to: path, format: format)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for share in [0.0, 0.3, 0.9] {
            try whole.prefix(Int(Double(whole.count) * share)).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: CheckpointError.self) { _ = try SampleFile(path: path) }
            #expect(error?.description.contains(path) == true, "\(String(describing: error))")
        }
        let other = directory.path(of: "other.safetensors")
        try SafetensorsWriter.write(
            to: other,
            tensors: [TensorSpecification(name: "target_latents", dtype: .float32, shape: [1, 2])],
            metadata: [:]
        ) { _ in [UInt8](repeating: 0, count: 8) }
        #expect(throws: TrainingDataError.missing(path: other, tensor: "encoder_hidden_states")) {
            _ = try SampleFile(path: other)
        }
    }

    @Test("Masks of integers, as other programs keep them, are read")
    func integerMasks() throws {
        let sample = try TrainingSample(path: Self.sideStep)
        var tensors = sample.tensors
        tensors[.attentionMask] = .init(dtype: .int64, shape: [6], bytes: [UInt8](repeating: 1, count: 48))
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "song.safetensors")
        try TrainingSample(tensors: tensors, metadata: sample.metadata, path: path).write(
            to: path,
            format: .safetensors
        )
        #expect(try SampleFile(path: path).dtype(of: .attentionMask) == .int64)
    }
}
