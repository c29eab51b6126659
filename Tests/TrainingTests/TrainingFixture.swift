// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import TestSupport
import Testing
import Torch
import Training

/// What PEFT, LyCORIS and torch computed for a family; `Scripts/reference/training_goldens.py` says how.
struct TrainingFixture: CustomTestStringConvertible {
    let variant: String
    let family: String
    var weighting = Objective.Weighting.uniform
    var file: String?

    var testDescription: String { "\(file ?? family) on \(variant)" }

    static let all =
        designs.keys.sorted().map { TrainingFixture(variant: "turbo", family: $0) }
        + [
            TrainingFixture(variant: "xl-turbo", family: "lora"),
            TrainingFixture(variant: "xl-turbo", family: "lokr"),
            TrainingFixture(
                variant: "turbo",
                family: "lora",
                weighting: .minimumSNR(gamma: 5),
                file: "lora.min-snr"
            ),
        ]

    /// The adapters by the names in `Scripts/reference/training.py`.
    static let designs: [String: AdapterDesign] = [
        "lora": lowRank { _ in },
        "rslora": lowRank { $0.isStabilized = true },
        "pattern": lowRank {
            $0.ranks = [("layers.0.self_attn.q_proj", 4), ("down_proj", 1)]
            $0.alphas = [("down_proj", 5)]
        },
        "self": lowRank(targets: AdapterDesign.attentionTargets.map { "self_attn." + $0 }) { _ in },
        "dora": lowRank { $0.usesMagnitudes = true },
        "oft": rotation { _ in },
        "coft": rotation { ($0.isConstrained, $0.epsilon) = (true, 0.5) },
        "lokr": kronecker(8, 16) { _ in },
        "lokr-factored": kronecker(1, 3) { $0.decomposesBoth = true },
        "lokr-scalar": kronecker(1, 3) { ($0.factor, $0.usesScalar, $0.usesTucker) = (4, true, true) },
        "lokr-dora": kronecker(2, 6) { ($0.factor, $0.usesMagnitudes) = (4, true) },
        "loha": hadamard { _ in },
        "loha-scalar": hadamard { ($0.usesScalar, $0.usesTucker) = (true, true) },
    ]

    private static func lowRank(
        targets: [String] = AdapterDesign.defaultTargets,
        _ change: (inout AdapterDesign.LowRank) -> Void
    ) -> AdapterDesign {
        var design = AdapterDesign.LowRank()
        (design.rank, design.alpha) = (2, 6)
        change(&design)
        return AdapterDesign(.lowRank(design), targets: targets)
    }

    private static func rotation(_ change: (inout AdapterDesign.Rotation) -> Void) -> AdapterDesign {
        var design = AdapterDesign.Rotation()
        design.blockSize = 8
        change(&design)
        return AdapterDesign(.rotation(design))
    }

    private static func kronecker(
        _ rank: Int,
        _ alpha: Double,
        _ change: (inout AdapterDesign.Kronecker) -> Void
    ) -> AdapterDesign {
        var design = AdapterDesign.Kronecker()
        (design.rank, design.alpha) = (rank, alpha)
        change(&design)
        return AdapterDesign(.kronecker(design))
    }

    private static func hadamard(_ change: (inout AdapterDesign.Hadamard) -> Void) -> AdapterDesign {
        var design = AdapterDesign.Hadamard()
        (design.rank, design.alpha) = (2, 4)
        change(&design)
        return AdapterDesign(.hadamard(design))
    }

    func golden() throws -> TensorFile { try Self.golden("\(variant).\(file ?? family)") }

    static func golden(_ name: String) throws -> TensorFile {
        let path = try #require(
            Bundle.module.path(forResource: name, ofType: "safetensors", inDirectory: "Fixtures")
        )
        return try TensorFile(path: path)
    }

    static func model(_ variant: String = "turbo", _ dtype: DType = .float32) throws -> VelocityModel {
        try VelocityModel(
            files: ModelFiles(path: TestProducts.modelFixture("checkpoints"), variant: variant),
            dtype: dtype
        )
    }

    /// A session whose adapter has the golden's values.
    func session(
        _ golden: TensorFile,
        recomputing share: Double = 0,
        dtype: DType = .float32,
        cacheByteBudget: Int = 1 << 20
    ) throws -> TrainingSession {
        let model = try Self.model(variant, dtype)
        var options = TrainingSession.Options(
            objective: Objective(
                times: .continuous(mean: -0.4, deviation: 1),
                conditionDropout: 0.4,
                weighting: weighting
            )
        )
        options.recomputed = Recomputation.layers(share: share, of: model.transformer.layerCount)
        options.cacheByteBudget = cacheByteBudget
        let design = try #require(Self.designs[family])
        let session = try TrainingSession(model: model, design: design, seed: 1, options: options)
        try session.take(golden, prefix: "value.")
        return session
    }

    /// The two micro-steps of the goldens.
    static func batches(width: Int) throws -> [TrainingBatch] {
        try [
            batch(seed: 101, items: 1, frames: 13, conditions: 9, width: width, first: 0),
            batch(seed: 102, items: 2, frames: 10, conditions: 7, width: width, first: 1),
        ]
    }

    /// Pieces drawn from a seed, as `training.sample` draws them.
    static func batch(
        seed: UInt64,
        items: Int,
        frames: Int,
        conditions: Int,
        width: Int,
        first: Int = 0,
        dtype: DType = .float32
    ) throws -> TrainingBatch {
        let generator = try Generator(seed: seed)
        let latents = try Tensor.randn([items, frames, 64], generator: generator).to(dtype)
        let context = try Tensor.randn([items, frames, 128], generator: generator).to(dtype)
        let encoded = try Tensor.randn([items, conditions, width], generator: generator).to(dtype)
        return try TrainingBatch(
            (0..<items).map { item in
                SampleTensors(
                    index: first + item,
                    latents: try latents.select(0, item),
                    context: try context.select(0, item),
                    conditions: try encoded.select(0, item)
                )
            }
        )
    }

    /// Where the goldens' draws come from.
    static func generator() throws -> Generator { try Generator(seed: 7) }
}

extension TrainingSession {
    /// Gives the adapter a file's values; every parameter must be there, and nothing else.
    func take(_ golden: TensorFile, prefix: String) throws {
        let names = golden.names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        #expect(names.sorted() == parameters.parameters.map(\.name).sorted())
        try parameters.update { _ in
            for parameter in parameters.parameters {
                let entry = try golden.entry(prefix + parameter.name)
                #expect(entry.shape == parameter.value.shape, "\(parameter.name)")
                try parameter.value.copy(from: Tensor(entry.floats, shape: entry.shape))
            }
        }
    }

    /// A micro-step with what a generator draws.
    func accumulate(_ batch: TrainingBatch, from generator: Generator, share: Double) throws -> MicroStep {
        let draw = try draw(for: batch, from: generator)
        return try accumulate(batch, draw: draw, share: share)
    }
}

extension Agreement {
    /// Compares a tensor with one of a golden file.
    init(_ name: String, _ values: Tensor, with golden: TensorFile, named: String) throws {
        let entry = try golden.entry(named)
        self.init(name, try values.floats(), entry.floats, shape: entry.shape)
    }
}
