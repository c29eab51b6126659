// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import TestSupport

/// Adapters of one or a few modules, written to be read back.
struct AdapterDirectory {
    typealias Entry = TensorFile.Entry

    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    /// The factors of a LoRA `[12, 8]` at a module, under the names that end in `down` and `up`.
    static func factors(
        _ module: String,
        rank: Int = 2,
        down: String = ".lora_A.weight",
        up: String = ".lora_B.weight"
    ) -> [String: Entry] {
        [module + down: Entry(random: [rank, 8]), module + up: Entry(random: [12, rank])]
    }

    /// Reads a file of these tensors, with settings beside it if there are any.
    func read(
        _ tensors: [String: Entry],
        settings: String? = nil,
        metadata: [String: String] = [:],
        as name: String = "adapter_model.safetensors"
    ) throws -> AdapterDescription {
        let path = try directory.write(tensors: tensors, metadata: metadata, to: name)
        if let settings { try directory.write(settings, to: "adapter_config.json") }
        return try AdapterDescription(contentsOf: path)
    }
}
