// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import TestSupport
import Testing

@Suite("Where a checkpoint's parts lie")
struct ModelFilesTests {
    private func description(of path: String, variant: String? = nil) -> String {
        let error = #expect(throws: ModelError.self) { try ModelFiles(path: path, variant: variant) }
        return error?.description ?? ""
    }

    @Test("The bundle's directory, a model's own and a diffusers directory are told apart")
    func layouts() throws {
        let root = TestProducts.modelFixture("checkpoints")
        let bundle = try ModelFiles(path: root, variant: "turbo")
        #expect((bundle.layout, bundle.name) == (.original, "acestep-v15-turbo"))
        #expect(try ModelFiles(path: root + "/", variant: "acestep-v15-turbo") == bundle)
        #expect(try ModelFiles(path: root + "/acestep-v15-turbo") == bundle)
        #expect(try ModelFiles(path: root + "/acestep-v15-turbo/").autoencoder == root + "/vae")
        let diffusers = try ModelFiles(path: TestProducts.modelFixture("diffusers"))
        #expect((diffusers.layout, diffusers.silence) == (.diffusers, nil))
    }

    @Test("Parts inside the model's own directory win over those beside it")
    func partsInside() throws {
        let copy = try FixtureCopy(of: "checkpoints")
        for part in ["vae", "Qwen3-Embedding-0.6B"] {
            try FileManager.default.copyItem(
                atPath: copy.path(of: part),
                toPath: copy.path(of: "acestep-v15-turbo/" + part)
            )
        }
        let files = try ModelFiles(path: copy.path(of: "acestep-v15-turbo"))
        #expect(files.autoencoder == copy.path(of: "acestep-v15-turbo/vae"))
        #expect(files.textEncoder == copy.path(of: "acestep-v15-turbo/Qwen3-Embedding-0.6B"))
    }

    @Test("The one model of a bundle need not be named")
    func only() throws {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.remove("acestep-v15-base")
        try copy.remove("acestep-v15-xl-turbo")
        #expect(try ModelFiles(path: copy.path).name == "acestep-v15-turbo")
    }

    @Test("Several models ask for a choice, and a wrong choice names what there is")
    func variants() {
        let root = TestProducts.modelFixture("checkpoints")
        #expect(
            description(of: root)
                == "\(root) holds several models; choose one with --variant: base, turbo, xl-turbo"
        )
        #expect(description(of: root, variant: "sft") == "\(root) has no variant 'sft'; it has base, turbo, xl-turbo")
    }

    @Test("A directory that is none, a file and a path that is not there are refused as what they are")
    func notACheckpoint() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("x", to: "model.safetensors.txt")
        #expect(description(of: directory.path).contains("it has neither acestep-v15-* directories"))
        #expect(description(of: file).contains("it is a file, not a directory"))
        #expect(description(of: directory.path + "/nowhere").contains("there is no such directory"))
    }

    @Test(
        "A missing part is named with the places where it was looked for",
        arguments: [
            ("vae", "autoencoder (vae/)"), ("Qwen3-Embedding-0.6B", "text encoder (Qwen3-Embedding-0.6B/)"),
            ("Qwen3-Embedding-0.6B/tokenizer.json", "tokenizer.json"),
            ("acestep-v15-turbo/silence_latent.pt", "silence_latent.pt"),
        ]
    )
    func missing(part: String, name: String) throws {
        let copy = try FixtureCopy(of: "checkpoints")
        try copy.remove(part)
        let text = description(of: copy.path, variant: "turbo")
        #expect(text.hasPrefix("the checkpoint has no \(name); looked in "))
        #expect(text.contains(copy.path))
    }

    @Test(
        "A missing part of a diffusers directory is named",
        arguments: ["tokenizer", "vae", "text_encoder", "condition_encoder"]
    )
    func missingOfDiffusers(part: String) throws {
        let copy = try FixtureCopy(of: "diffusers")
        try copy.remove(part)
        #expect(description(of: copy.path).hasPrefix("the checkpoint has no \(part)"))
    }
}
