// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import AdapterFormats
import Checkpoints
import Testing
import Torch

/// `W′` of every family against formulas written out without libtorch.
@Suite struct EffectiveWeightTests {
    /// Compares every module of an adapter with a formula.
    private func check(
        _ description: AdapterDescription,
        on base: BaseWeights,
        _ formula: (AdapterModule, PlainMatrix, (TensorRole) throws -> PlainMatrix) throws -> PlainMatrix
    ) throws {
        let weights = EffectiveWeights(description, dtype: .float64)
        #expect(!description.modules.isEmpty)
        for module in description.modules {
            let path = try base.path(of: module.path)
            let plain = try base.plain(path)
            let expected = try formula(module, plain) { role in
                let name = try #require(module.tensors[role]).name
                return try #require(PlainMatrix(name, in: description.file))
            }
            let found = try PlainMatrix(weights.weight(of: module, base: base.weight(path, dtype: .float64)))
            #expect((found - expected).largest < 1e-6 * expected.largest, "\(path)")
            #expect((expected - plain).largest > 1e-3, "the adapter does nothing to \(path)")
        }
    }

    @Test func loraAddsItsScaledProduct() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        try check(fixture.peft("lora"), on: base) { _, w, part in try w + part(.up) * part(.down) * 3 }
    }

    @Test func rankStabilisedLoRADividesByTheRootOfTheRank() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let settings = #"{"peft_type": "LORA", "r": 4, "lora_alpha": 12, "use_rslora": true}"#
        try check(fixture.peft("rslora", configuration: settings), on: base) { _, w, part in
            try w + part(.up) * part(.down) * 6
        }
    }

    @Test func doraGivesEachRowItsMagnitude() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let settings = #"{"peft_type": "LORA", "r": 4, "lora_alpha": 12, "use_dora": true}"#
        try check(fixture.peft("dora", configuration: settings, hasMagnitudes: true), on: base) { _, w, part in
            let changed = try w + part(.up) * part(.down) * 3
            let magnitudes = try part(.magnitude).values
            return changed.scalingRows(zip(magnitudes, changed.rowNorms).map { $0 / $1 })
        }
    }

    @Test(arguments: [2, 3, 5, 6]) func oftRotatesByTheSeries(terms: Int) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.oft("oft", settings: "\"num_cayley_neumann_terms\": \(terms)")
        try check(adapter, on: base) { _, w, part in
            let vectors = try part(.rotation)
            var rotation = PlainMatrix(w.columns, w.columns) { _, _ in 0 }
            for block in 0..<vectors.rows {
                let q = Self.skew(vectors, block)
                var sum = PlainMatrix(4, 4) { $0 == $1 ? 1 : 0 }
                var power = q
                // 2Q, 2Q², …, and the last power once; three terms are as good as four.
                let last = terms == 2 ? 1 : max(3, terms - 1)
                for exponent in 1...last {
                    sum = sum + power * (exponent == last && terms > 2 ? 1 : 2)
                    power = power * q
                }
                for row in 0..<4 {
                    for column in 0..<4 {
                        rotation.values[(block * 4 + row) * w.columns + block * 4 + column] = sum[row, column]
                    }
                }
            }
            return w * rotation.transposed
        }
    }

    private static func skew(_ vectors: PlainMatrix, _ block: Int) -> PlainMatrix {
        var q = PlainMatrix(4, 4) { _, _ in 0 }
        var position = 0
        for row in 0..<4 {
            for column in row + 1..<max(4, row + 1) {
                q.values[row * 4 + column] = vectors[block, position]
                q.values[column * 4 + row] = -vectors[block, position]
                position += 1
            }
        }
        return q
    }

    @Test func exactOFTRotatesTheOtherWayAndKeepsLengths() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let exact = try fixture.oft("exact", settings: "\"use_cayley_neumann\": false", scale: 0.05)
        let copy = try fixture.makeDirectory("series")
        try FileManagement.copy(exact.file.path, to: copy + "/adapter_model.safetensors")
        let series = try AdapterDescription(contentsOf: copy)
        for (first, second) in zip(exact.modules, series.modules) {
            let path = try base.path(of: first.path)
            let weight = try base.weight(path, dtype: .float64)
            let one = try EffectiveWeights(exact, dtype: .float64).weight(of: first, base: weight)
            let plain = try PlainMatrix(one)
            for (norm, own) in zip(plain.rowNorms, try base.plain(path).rowNorms) { #expect(abs(norm - own) < 1e-9) }
            // R of the exact transform is nearly the inverse of the series', so turning both ways nearly restores W.
            let back = try EffectiveWeights(series, dtype: .float64).weight(of: second, base: one)
            let change = try (one - weight).norm().item()
            #expect(try (back - weight).norm().item() < 0.05 * change)
        }
    }

    @Test func constrainedOFTStaysWithinItsBound() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.oft("coft", settings: "\"coft\": true, \"eps\": 0.001")
        for module in adapter.modules {
            let path = try base.path(of: module.path)
            let weight = try base.weight(path, dtype: .float64)
            let change = try EffectiveWeights(adapter, dtype: .float64).difference(of: module, base: weight)
            // ‖R − I‖ is about 2‖Q‖, and ‖Q‖ at most eps / √blocks for each of the blocks.
            let bound = 2.01 * 0.001 * (try weight.norm().item())
            let size = try change.norm().item()
            #expect(size > 0)
            #expect(size < bound)
        }
    }

    @Test func sharedBlockStandsForAll() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let values = fixture.numbers(6)
        let settings = #"{"peft_type": "OFT", "block_share": true}"#
        let name = "base_model.model.layers.0.self_attn.q_proj.oft_R.weight"
        let one = try fixture.peft("one", [name: ([1, 6], values)], configuration: settings)
        let four = try fixture.peft(
            "four",
            [name: ([4, 6], values + values + values + values)],
            configuration: #"{"peft_type": "OFT"}"#
        )
        let weight = try base.weight("layers.0.self_attn.q_proj")
        let first = try EffectiveWeights(one).weight(of: #require(one.modules.first), base: weight)
        let second = try EffectiveWeights(four).weight(of: #require(four.modules.first), base: weight)
        #expect(try first.equal(second))
    }

    @Test(arguments: Fixture.KroneckerForm.allCases) func lokrMultipliesItsFactors(form: Fixture.KroneckerForm) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        try check(fixture.lokr("lokr", form), on: base) { _, w, part in
            let first =
                form == .bothLow ? try part(.kroneckerFirstA) * part(.kroneckerFirstB) : try part(.kroneckerFirst)
            let second =
                form == .full ? try part(.kroneckerSecond) : try part(.kroneckerSecondA) * part(.kroneckerSecondB)
            return w + first.kronecker(second) * (form == .full ? 1 : 2)  // alpha is ignored where nothing is factored
        }
    }

    @Test(arguments: ["output", "input"]) func lokrWithMagnitudesNormalisesAlongTheirAxis(axis: String) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        try check(fixture.lokr("dora", .secondLow, magnitudes: axis), on: base) { module, w, part in
            let change = try part(.kroneckerFirst).kronecker(part(.kroneckerSecondA) * part(.kroneckerSecondB)) * 2
            let (changed, scale) = (w + change, try part(.weightNorm).values)
            if axis == "output" {
                return changed.scalingRows(zip(scale, changed.rowNorms).map { $0 / ($1 + 1.1920929e-7) })
            }
            let width = w.columns / scale.count
            let norms = changed.channelNorms(width: width)
            return changed.scalingChannels(zip(scale, norms).map { $0 / ($1 + 1.1920929e-7) }, width: width)
        }
    }

    @Test func lohaMultipliesElementwise() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        try check(fixture.loha("loha"), on: base) { _, w, part in
            let first = try part(.hadamardFirstA) * part(.hadamardFirstB)
            return try w + first.elementwise(part(.hadamardSecondA) * part(.hadamardSecondB)) * 2
        }
    }

    @Test(arguments: ["lokr", "loha"]) func tuckerCoresAreMultipliedOut(family: String) throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let prefix = "lycoris_proj_in_1."
        let (rank, kernel) = (3, 2)
        func factor(_ core: String, _ left: String, _ right: String, _ out: Int, _ ins: Int) -> Fixture.Content {
            [
                prefix + core: ([rank, rank, kernel], fixture.numbers(rank * rank * kernel)),
                prefix + left: ([rank, out], fixture.numbers(rank * out)),
                prefix + right: ([rank, ins], fixture.numbers(rank * ins)),
            ]
        }
        var content: Fixture.Content = [prefix + "alpha": ([], [6])]
        if family == "lokr" {
            content[prefix + "lokr_w1"] = ([4, 4], fixture.numbers(16))
            content.merge(factor("lokr_t2", "lokr_w2_a", "lokr_w2_b", 4, 3)) { $1 }
        } else {
            content.merge(factor("hada_t1", "hada_w1_a", "hada_w1_b", 16, 12)) { $1 }
            content.merge(factor("hada_t2", "hada_w2_a", "hada_w2_b", 16, 12)) { $1 }
        }
        func whole(_ core: PlainMatrix, _ left: PlainMatrix, _ right: PlainMatrix) -> PlainMatrix {
            PlainMatrix(left.columns, right.columns * kernel) { row, column in
                var sum = 0.0
                for i in 0..<rank {
                    for j in 0..<rank {
                        sum += core[i, j * kernel + column % kernel] * left[i, row] * right[j, column / kernel]
                    }
                }
                return sum
            }
        }
        try check(fixture.lycoris("tucker", content, algorithm: family), on: base) { _, w, part in
            if family == "lokr" {
                let second = try whole(part(.kroneckerTucker), part(.kroneckerSecondA), part(.kroneckerSecondB))
                return try w + part(.kroneckerFirst).kronecker(second) * 2
            }
            let first = try whole(part(.hadamardFirstTucker), part(.hadamardFirstA), part(.hadamardFirstB))
            let second = try whole(part(.hadamardSecondTucker), part(.hadamardSecondA), part(.hadamardSecondB))
            return w + first.elementwise(second) * 2
        }
    }

    @Test func factorsOfTerabytesAreRefusedBeforeTheyAreMultiplied() throws {
        let fixture = try Fixture()
        let prefix = "lycoris_layers_0_self_attn_q_proj."
        let many = [Double](repeating: 0.1, count: 3000)
        let adapter = try fixture.lycoris(
            "huge",
            [
                prefix + "lokr_w1_a": ([3000, 1], many), prefix + "lokr_w1_b": ([1, 3000], many),
                prefix + "lokr_w2_a": ([3000, 1], many), prefix + "lokr_w2_b": ([1, 3000], many),
                prefix + "alpha": ([], [1]),
            ],
            algorithm: "lokr"
        )
        let module = try #require(adapter.modules.first)
        #expect(throws: ConversionError.tooLarge(module: module.path.text, shape: [9_000_000, 9_000_000])) {
            try EffectiveWeights(adapter).difference(of: module, base: nil)
        }
    }

    @Test func factorsThatDoNotFitTheBaseAreNamed() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.peft("wide", [("layers.0.self_attn.q_proj", [16, 20])])
        let module = try #require(adapter.modules.first)
        #expect(
            throws: ConversionError.misfit(module: "layers.0.self_attn.q_proj", found: [16, 20], expected: [16, 16])
        ) {
            try EffectiveWeights(adapter).difference(of: module, base: base.weight("layers.0.self_attn.q_proj"))
        }
    }

    @Test func whatDependsOnTheBaseAsksForIt() throws {
        var fixture = try Fixture()
        let adapter = try fixture.oft("oft", settings: "\"r\": 0")
        let module = try #require(adapter.modules.first)
        #expect(throws: ConversionError.self) { try EffectiveWeights(adapter).difference(of: module, base: nil) }
    }
}
