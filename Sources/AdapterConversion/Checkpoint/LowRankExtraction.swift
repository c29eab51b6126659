// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
public import Checkpoints
import FoundationEssentials
import Layers
import Torch

/// From a fine-tuned checkpoint and its base back to a LoRA: the best approximation of each difference.
public struct LowRankExtraction {
    /// What was extracted.
    public struct Report: Sendable, Equatable, Encodable {
        /// One module.
        public struct Layer: Sendable, Equatable, Encodable {
            /// Its path in the original layout.
            public let module: String
            /// The rank that was kept.
            public let rank: Int
            /// The share of the difference's energy (the squares of its elements) that the LoRA holds.
            public let energy: Double
            /// ‖W′ − W‖ / ‖W‖.
            public let relativeChange: Double
        }

        /// The directory that was written.
        public let output: String
        /// Every module that differs.
        public let layers: [Layer]
        /// Tensors that differ and that a LoRA cannot hold.
        public let leftOut: [String]
    }

    private let base: BaseWeights
    private let tuned: BaseWeights
    private let rank: Int
    private let dtype: StoredDType

    /// Prepares an extraction.
    ///
    /// - Parameters:
    ///   - base: the base.
    ///   - tuned: the same model after training, in either layout.
    ///   - rank: the LoRA's rank, at least 1.
    ///   - dtype: the type to store it in.
    /// - Throws: ``ConversionError/differentModels(reason:)``.
    public init(base: BaseWeights, tuned: BaseWeights, rank: Int, dtype: StoredDType = .float32) throws {
        guard base.paths == tuned.paths else {
            let odd = Set(base.paths).symmetricDifference(tuned.paths).min() ?? ""
            throw ConversionError.differentModels(reason: "only one of them has '\(odd)'")
        }
        for path in base.paths {
            let (first, second) = (try base.shape(path), try tuned.shape(path))
            guard first == second else {
                throw ConversionError.differentModels(reason: "'\(path)' is \(first) in one and \(second) in the other")
            }
        }
        (self.base, self.tuned, self.rank, self.dtype) = (base, tuned, rank, dtype)
    }

    /// Writes a PEFT directory.
    ///
    /// - Parameters:
    ///   - output: the directory.
    ///   - progress: called before each module with its position and their number.
    /// - Returns: what was extracted.
    /// - Throws: ``ConversionError`` if nothing differs, and what reading and writing throw.
    public func write(to output: String, progress: (Int, Int) -> Void = { _, _ in }) throws -> Report {
        var (layers, leftOut) = ([Report.Layer](), try changedBiases())
        var settings = PEFTSettings()
        var tensors: [String: (shape: [Int], bytes: [UInt8])] = [:]
        for (position, path) in base.paths.enumerated() {
            try Task.checkCancellation()
            progress(position, base.paths.count)
            let weight = try base.weight(path)
            let difference = try tuned.weight(path) - weight
            guard try difference.abs().max().item() > 0 else { continue }
            guard difference.rank == 2 else {
                leftOut.append(path + ".weight")
                continue
            }
            let (down, up) = try TruncatedSVD.factors(of: difference, rank: rank)
            layers.append(try Self.describe(path, difference, down, up, weight))
            let prefix = ConversionTarget.peft.prefix(path)
            tensors[prefix + ".lora_A.weight"] = (down.shape, try bytes(down))
            tensors[prefix + ".lora_B.weight"] = (up.shape, try bytes(up))
        }
        guard !layers.isEmpty else {
            throw ConversionError.differentModels(reason: "their projections are equal; there is nothing to extract")
        }
        settings.rank = rank
        settings.alpha = Double(rank)
        settings.targetModules = layers.map(\.module)
        settings.setPatterns(layers.map { ($0.module, $0.rank, Double($0.rank)) })
        try write(tensors, settings, to: output)
        return Report(output: output, layers: layers, leftOut: leftOut.sorted())
    }

    private func bytes(_ tensor: Tensor) throws -> [UInt8] {
        try tensor.to(DType(dtype) ?? .float32).contiguous().bytes()
    }

    private static func describe(
        _ path: String,
        _ difference: Tensor,
        _ down: Tensor,
        _ up: Tensor,
        _ weight: Tensor
    ) throws -> Report.Layer {
        let whole = try difference.norm().item()
        let rest = try (difference - up.matmul(down)).norm().item()
        return Report.Layer(
            module: path,
            rank: down.dimension(0),
            energy: max(0, 1 - (rest / whole) * (rest / whole)),
            relativeChange: whole / max(try weight.norm().item(), .leastNormalMagnitude)
        )
    }

    /// Biases that differ.
    private func changedBiases() throws -> [String] {
        try base.paths.filter { path in
            guard let first = try base.bias(path), let second = try tuned.bias(path) else { return false }
            return try (first - second).abs().max().item() > 0
        }.map { $0 + ".bias" }
    }

    private func write(
        _ tensors: [String: (shape: [Int], bytes: [UInt8])],
        _ settings: PEFTSettings,
        to output: String
    ) throws {
        try FileTree.requireFree(output, besides: [])
        try FileTree.makeDirectory(output)
        try SafetensorsWriter.write(
            to: output + "/" + AdapterLocation.weightsName,
            tensors: tensors.map { TensorSpecification(name: $0, dtype: dtype, shape: $1.shape) },
            metadata: ["format": "pt"]
        ) { tensors[$0]?.bytes ?? [] }
        try TextFile.write(try settings.json() + "\n", to: output + "/" + AdapterLocation.configurationName)
    }
}
