// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// A PEFT LoRA with seeded random weights for the embedded checkpoint.
struct RandomAdapter {
    let name: String
    let seed: UInt64
    let rank: Int
    let alpha: Int

    /// The two that come with the embedded checkpoint.
    static let all = [
        RandomAdapter(name: "demo-a", seed: 11, rank: 8, alpha: 24),
        RandomAdapter(name: "demo-b", seed: 12, rank: 4, alpha: 8),
    ]

    private static let targets = ["q_proj", "k_proj", "v_proj", "o_proj"]

    /// Writes `adapter_model.safetensors` and `adapter_config.json` into `directory`.
    func write(to directory: String, for checkpoint: RandomCheckpoint) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var tensors = try RandomTensors(seed: seed)
        let queries = checkpoint.heads * checkpoint.headDimension
        let keys = checkpoint.keyValueHeads * checkpoint.headDimension
        for layer in 0..<checkpoint.layers {
            for block in ["self_attn", "cross_attn"] {
                for target in Self.targets {
                    let path = "base_model.model.layers.\(layer).\(block).\(target)"
                    let inputs = target == "o_proj" ? queries : checkpoint.hidden
                    let outputs = target == "o_proj" ? checkpoint.hidden : target == "q_proj" ? queries : keys
                    try tensors.add(path + ".lora_A.weight", [rank, inputs], scale: 1 / Double(inputs).squareRoot())
                    try tensors.add(path + ".lora_B.weight", [outputs, rank], scale: 0.2)
                }
            }
        }
        try tensors.write(to: directory + "/adapter_model.safetensors")
        try JSONEncoder.sorted.encode(Configuration(rank: rank, alpha: alpha))
            .write(to: URL(filePath: directory + "/adapter_config.json"))
    }

    /// The fields of `adapter_config.json` that PEFT reads.
    private struct Configuration: Encodable {
        let kind = "LORA"
        let rank: Int
        let alpha: Int
        let dropout = 0.0
        let bias = "none"
        let targets = RandomAdapter.targets
        let isRankStabilised = false
        let isDecomposed = false

        private enum CodingKeys: String, CodingKey {
            case kind = "peft_type"
            case rank = "r"
            case alpha = "lora_alpha"
            case dropout = "lora_dropout"
            case bias
            case targets = "target_modules"
            case isRankStabilised = "use_rslora"
            case isDecomposed = "use_dora"
        }
    }
}
