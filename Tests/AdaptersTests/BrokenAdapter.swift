// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import TestSupport
import Testing

/// One way to break an adapter, and words of the message that must say so.
struct BrokenAdapter: Sendable, CustomTestStringConvertible {
    typealias Entry = TensorFile.Entry

    let name: String
    let message: String
    /// Writes the files into an empty directory and returns the adapter's path.
    let write: @Sendable (TemporaryDirectory) throws -> String

    var testDescription: String { name }

    init(_ name: String, _ message: String, write: @escaping @Sendable (TemporaryDirectory) throws -> String) {
        self.name = name
        self.message = message
        self.write = write
    }

    /// A PEFT directory with these tensors, and settings if there are any.
    init(_ name: String, _ message: String, _ tensors: [String: Entry], settings: String? = nil) {
        self.init(name, message) { directory in
            try directory.write(tensors: tensors)
            if let settings { try directory.write(settings, to: "adapter_config.json") }
            return directory.path
        }
    }

    /// A file of these bytes that calls itself safetensors.
    init(_ name: String, _ message: String, bytes: [UInt8]) {
        self.init(name, message) { try $0.write(bytes, to: "adapter.safetensors") }
    }

    /// The prefix of the fixture's largest projection, `[12, 8]`.
    static let query = "base_model.model.layers.0.self_attn.q_proj"
    /// The convolution's, `[12, 6, 2]`.
    static let convolution = "base_model.model.proj_in.1"

    /// A LoRA of rank 2 that fits, with some tensors changed; nil removes one.
    static func lora(_ changes: [String: Entry?] = [:]) -> [String: Entry] {
        var tensors = [
            query + ".lora_A.weight": Entry(random: [2, 8], seed: 1),
            query + ".lora_B.weight": Entry(random: [12, 2], seed: 2),
        ]
        for (name, entry) in changes { tensors[name] = entry }
        return tensors
    }

    /// A little-endian length and a header.
    static func header(_ text: String, data: Int = 0) -> [UInt8] {
        let bytes = Array(text.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
            + [UInt8](repeating: 0, count: data)
    }
}
