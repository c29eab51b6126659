// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Checkpoints
import Layers
import TestSupport
import Testing
import Torch

@Suite("Damaged checkpoints")
struct DamagedCheckpointTests {
    /// A file of a checkpoint and what in it no generation from text needs.
    struct Part: Sendable, CustomTestStringConvertible {
        let checkpoint: String
        let variant: String?
        let file: String
        let isNeeded: @Sendable (String) -> Bool

        var testDescription: String { checkpoint + "/" + file }

        init(_ checkpoint: String, _ variant: String?, _ file: String, isNeeded: @escaping @Sendable (String) -> Bool) {
            (self.checkpoint, self.variant, self.file, self.isNeeded) = (checkpoint, variant, file, isNeeded)
        }
    }

    /// The 2B models carry the timbre token without using it, and guidance alone needs the empty condition.
    @Sendable private static func isUsed(_ name: String) -> Bool {
        !name.hasSuffix("special_token") && !name.hasSuffix("null_condition_emb") && !name.hasPrefix("tokenizer.")
            && !name.hasPrefix("detokenizer.")
    }

    private static let parts = [
        Part("checkpoints", "turbo", "acestep-v15-turbo/model.safetensors", isNeeded: isUsed),
        Part("checkpoints", "turbo", "Qwen3-Embedding-0.6B/model.safetensors") { _ in true },
        Part("checkpoints", "turbo", "vae/diffusion_pytorch_model.safetensors") { $0.hasPrefix("decoder.") },
        Part("diffusers", nil, "transformer/diffusion_pytorch_model.safetensors", isNeeded: isUsed),
        Part("diffusers", nil, "condition_encoder/diffusion_pytorch_model.safetensors", isNeeded: isUsed),
    ]

    private func load(_ copy: FixtureCopy, _ variant: String?) throws -> MusicModel {
        try ModelFixture.load(copy.path, variant: variant)
    }

    @Test("Each missing tensor is reported by its name in the file", arguments: parts)
    func missing(part: Part) throws {
        let copy = try FixtureCopy(of: part.checkpoint)
        let whole = try TensorFile(path: copy.path(of: part.file))
        let needed = whole.names.filter(part.isNeeded)
        #expect(!needed.isEmpty)
        for name in needed {
            var damaged = whole
            damaged.tensors[name] = nil
            try damaged.write(to: copy.path(of: part.file))
            let error = #expect(throws: LayerError.self, "\(name)") { try load(copy, part.variant) }
            #expect(error == .missingTensor(name: name, file: copy.path(of: part.file)))
        }
    }

    @Test("Each tensor of another shape is reported with both shapes", arguments: parts)
    func misshapen(part: Part) throws {
        let copy = try FixtureCopy(of: part.checkpoint)
        let whole = try TensorFile(path: copy.path(of: part.file))
        for name in whole.names.filter(part.isNeeded) where !name.hasSuffix("silence_latent") {
            var damaged = whole
            let entry = try whole.entry(name)
            let shape = [entry.shape[0] + 1] + entry.shape.dropFirst()
            damaged.tensors[name] = TensorFile.Entry(zeros: shape, dtype: entry.dtype)
            try damaged.write(to: copy.path(of: part.file))
            let error = #expect(throws: LayerError.self, "\(name)") { try load(copy, part.variant) }
            #expect(
                error
                    == .shapeMismatch(
                        name: name,
                        file: copy.path(of: part.file),
                        found: shape,
                        expected: entry.shape
                    )
            )
            #expect(error?.description.contains("is \(shape), expected \(entry.shape)") == true)
        }
    }

    @Test("More layers than the configuration says are refused, with their names", arguments: parts)
    func surplus(part: Part) throws {
        let copy = try FixtureCopy(of: part.checkpoint)
        let prefix = part.file.hasPrefix("vae") || part.file.contains("turbo") ? "decoder." : ""
        let name = prefix + "layers.99.norm.weight"
        try copy.edit(tensors: part.file) { $0.tensors[name] = .init(zeros: [2]) }
        let error = #expect(throws: LayerError.self) { try load(copy, part.variant) }
        #expect(error == .unusedTensors(names: [name], file: copy.path(of: part.file)))
    }

    @Test("Integers where weights should be are refused by type")
    func integers() throws {
        let copy = try FixtureCopy(of: "checkpoints")
        let file = "acestep-v15-turbo/model.safetensors"
        try copy.edit(tensors: file) { $0.tensors["decoder.norm_out.weight"] = .init(zeros: [16], dtype: .int8) }
        let error = #expect(throws: LayerError.self) { try load(copy, "turbo") }
        #expect(
            error
                == .unsupportedType(name: "decoder.norm_out.weight", file: copy.path(of: file), type: "I8")
        )
    }

    @Test(
        "A weight that is NaN is named when a run meets it",
        arguments: [
            ("acestep-v15-turbo/model.safetensors", "decoder.layers.1.mlp.up_proj.weight", "the latents after step 1"),
            ("acestep-v15-turbo/model.safetensors", "encoder.text_projector.weight", "the encoded prompt"),
            ("Qwen3-Embedding-0.6B/model.safetensors", "norm.weight", "the encoded prompt"),
            ("vae/diffusion_pytorch_model.safetensors", "decoder.conv1.bias", "the decoded audio"),
        ]
    )
    func notANumber(file: String, name: String, what: String) throws {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.edit(tensors: file) { file in
            var entry = try file.entry(name)
            let width = entry.dtype.byteCount
            entry.bytes.replaceSubrange(0..<width, with: [UInt8](repeating: 0xFF, count: width))
            file.tensors[name] = entry
        }
        let model = try load(copy, "turbo")
        let error = #expect(throws: ModelError.self) { try model.recorded(RequestFixture.read("instrumental")) }
        #expect(error?.description.hasPrefix(what) == true, "\(String(describing: error))")
        #expect(error?.description.contains("\(copy.path(of: file)): tensor '\(name)' holds NaN") == true)
    }

    @Test("A tokenizer with more tokens than the text encoder is refused before anything is computed")
    func tokenizer() throws {
        let copy = try FixtureCopy(of: "checkpoints")
        let directory = "Qwen3-Embedding-0.6B"
        try copy.edit(json: directory + "/config.json", ["vocab_size": 100])
        try copy.edit(tensors: directory + "/model.safetensors") { file in
            var table = try file.entry("embed_tokens.weight")
            table.bytes = Array(table.bytes.prefix(table.bytes.count / table.shape[0] * 100))
            table.shape[0] = 100
            file.tensors["embed_tokens.weight"] = table
        }
        let error = #expect(throws: ModelError.self) {
            try load(copy, "turbo").recorded(RequestFixture.read("instrumental"))
        }
        #expect(error?.description.contains(directory + "/tokenizer.json: makes token ") == true)
        #expect(error?.description.hasSuffix("the text encoder knows 100") == true)
    }

    @Test("A silence of other channels, or a damaged file of it, is refused")
    func silence() throws {
        let copy = try FixtureCopy(of: "diffusers")
        try copy.edit(tensors: "condition_encoder/diffusion_pytorch_model.safetensors") {
            $0.tensors["silence_latent"] = .init(zeros: [1, 750, 63])
        }
        let error = #expect(throws: ModelError.self) { try load(copy, nil) }
        #expect(error?.description.contains("silence_latent is [1, 750, 63], expected [1, frames, 64]") == true)

        let original = try FixtureCopy(of: "checkpoints")
        try original.write("not an archive", to: "acestep-v15-turbo/silence_latent.pt")
        let damaged = #expect(throws: (any Error).self) { try load(original, "turbo") }
        #expect("\(String(describing: damaged))".contains("silence_latent.pt"))
        try TensorFile.Entry(zeros: [1, 63, 750]).write(
            as: "silence_latent",
            to: original.path(of: "acestep-v15-turbo/silence_latent.safetensors")
        )
        let narrow = #expect(throws: ModelError.self) { try load(original, "turbo") }
        #expect(narrow?.description.contains("is [1, 63, 750], expected [1, 64, frames]") == true)
    }
}
