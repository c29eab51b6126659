// SPDX-License-Identifier: Apache-2.0

import Engine
import Foundation
import TestSupport
import Testing

@Suite("The embedded model")
struct EmbeddedModelTests {
    /// Every file under a directory with its bytes.
    private static func contents(of directory: String) throws -> [String: Data] {
        let names = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
        return try names.reduce(into: [:]) { contents, name in
            let url = URL(fileURLWithPath: directory + "/" + name)
            guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { return }
            contents[name] = try Data(contentsOf: url)
        }
    }

    @Test("Two writings give the same bytes, and all the files of a checkpoint and two adapters")
    func reproducibility() throws {
        let directory = try TemporaryDirectory()
        try EmbeddedModel.write(to: directory.path(of: "a"))
        try EmbeddedModel.write(to: directory.path(of: "b"))
        let first = try Self.contents(of: directory.path(of: "a"))
        #expect(try first == Self.contents(of: directory.path(of: "b")))
        #expect(
            Set(first.keys) == [
                "adapters/demo-a/adapter_config.json", "adapters/demo-a/adapter_model.safetensors",
                "adapters/demo-b/adapter_config.json", "adapters/demo-b/adapter_model.safetensors",
                "model/Qwen3-Embedding-0.6B/config.json", "model/Qwen3-Embedding-0.6B/model.safetensors",
                "model/Qwen3-Embedding-0.6B/tokenizer.json", "model/acestep-v15-turbo/config.json",
                "model/acestep-v15-turbo/model.safetensors", "model/acestep-v15-turbo/silence_latent.safetensors",
                "model/vae/config.json", "model/vae/diffusion_pytorch_model.safetensors",
            ]
        )
        #expect(
            first["adapters/demo-a/adapter_model.safetensors"] != first["adapters/demo-b/adapter_model.safetensors"]
        )
    }

    /// In a process of its own, since the cache's place comes from the environment.
    @Test("It is written once, into the cache, and nothing is left beside it")
    func once() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            unsafe setenv("LUMINA_CACHE", directory.path(of: "cache"), 1)
            let model = try EmbeddedModel.directory()
            #expect(model.hasPrefix(directory.path(of: "cache/embedded-")))
            let marker = model + "/marker"
            try Data().write(to: URL(fileURLWithPath: marker))
            #expect(try EmbeddedModel.directory() == model)
            for adapter in try EmbeddedModel.adapters() {
                #expect(FileManager.default.fileExists(atPath: adapter.directory + "/adapter_config.json"))
            }
            #expect(FileManager.default.fileExists(atPath: marker), "it was written a second time")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path(of: "cache")).count == 1)
        }
    }

    @Test("A cache that cannot be written is an error, and the next try in another place works")
    func unwritable() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            unsafe setenv("LUMINA_CACHE", try directory.write("a file", to: "cache"), 1)
            #expect(throws: (any Error).self) { try EmbeddedModel.directory() }
            #expect(try directory.names() == ["cache"])
            unsafe setenv("LUMINA_CACHE", directory.path(of: "other"), 1)
            _ = try EmbeddedModel.directory()
        }
    }
}
