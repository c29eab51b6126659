// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import AdapterFormats
import Checkpoints
import TestSupport
import Testing
import Torch

@Suite struct LowRankExtractionTests {
    @Test func aMergedLoRAComesBack() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.peft("lora", Fixture.linear)
        let merge = try CheckpointMerge(base: base, adapters: [WeightedAdapter(adapter, weight: 0.5)])
        let folder = fixture.directory.path(of: "tuned")
        _ = try merge.write([CheckpointTree(fixture.directory.path(of: "base"))], to: folder)
        let tuned = try BaseWeights(directory: folder, layout: .original)
        let output = fixture.directory.path(of: "extracted")
        let report = try LowRankExtraction(base: base, tuned: tuned, rank: 4).write(to: output)
        #expect(report.layers.count == Fixture.linear.count)
        #expect(report.layers.allSatisfy { $0.energy > 0.999999 && $0.rank == 4 })
        let extracted = try AdapterDescription(contentsOf: output)
        let (first, second) = (EffectiveWeights(adapter), EffectiveWeights(extracted))
        for (module, other) in zip(adapter.modules, extracted.modules) {
            #expect(module.path == other.path)
            let wanted = try PlainMatrix(first.difference(of: module, base: nil)) * 0.5
            let found = try PlainMatrix(second.difference(of: other, base: nil))
            #expect((found - wanted).largest < 1e-5 * wanted.largest)
        }
    }

    @Test func aRankAboveWhatALayerHasIsTheLayersOwn() throws {
        var fixture = try Fixture()
        let base = try fixture.base(in: "base")
        let tuned = try fixture.base(in: "tuned")
        let output = fixture.directory.path(of: "extracted")
        let report = try LowRankExtraction(base: base, tuned: tuned, rank: 12).write(to: output)
        let ranks = Dictionary(uniqueKeysWithValues: report.layers.map { ($0.module, $0.rank) })
        #expect(ranks["layers.0.cross_attn.v_proj"] == 8)
        #expect(ranks["layers.0.self_attn.q_proj"] == 12)
        #expect(report.leftOut.contains("proj_in.1.weight"))
        #expect(report.leftOut.contains("condition_embedder.bias"))
        let written = try AdapterDescription(contentsOf: output)
        #expect(written.warnings.isEmpty, "the configuration's patterns tell the ranks of the tensors")
        #expect(written.modules.allSatisfy { $0.lowRank?.scale == 1 })
    }

    @Test func equalCheckpointsHaveNothingToExtract() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let extraction = try LowRankExtraction(base: base, tuned: base, rank: 2)
        #expect(throws: ConversionError.self) { try extraction.write(to: fixture.directory.path(of: "x")) }
    }

    @Test func checkpointsOfOtherShapesAreNotTheSameModel() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let folder = try fixture.directory.makeDirectory("other")
        try Fixture.write(
            ["decoder.condition_embedder.weight": ([2, 2], [1, 2, 3, 4])],
            to: folder + "/model.safetensors"
        )
        let other = try BaseWeights(directory: folder, layout: .original)
        #expect(throws: ConversionError.self) { try LowRankExtraction(base: base, tuned: other, rank: 2) }
    }

    @Test func largeMatricesGetTheSameLeadingPartAsAnExactDecomposition() throws {
        let generator = try Generator(seed: 3)
        let up = try Tensor.randn([900, 6], generator: generator)
        let down = try Tensor.randn([6, 800], generator: generator)
        let noise = try Tensor.randn([900, 800], generator: generator) * 0.01
        let matrix = try up.matmul(down) + noise
        let (u, s, v) = try TruncatedSVD.decompose(matrix, rank: 6)
        let exact = try matrix.svd().s.doubles()
        for (found, wanted) in zip(try s.doubles(), exact) { #expect(abs(found - wanted) < 1e-3 * wanted) }
        let rest = try (matrix - (u * s).matmul(v.transpose(0, 1))).norm().item()
        let best = exact.dropFirst(6).reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(rest < 1.001 * best)
    }
}
