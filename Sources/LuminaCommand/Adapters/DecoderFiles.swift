// SPDX-License-Identifier: Apache-2.0

import ACEStep
import AdapterConversion
import FoundationEssentials

/// Where a checkpoint's decoder is, and what else belongs to the checkpoint.
///
/// Unlike generating, changing adapters needs nothing but the decoder, so a directory that holds just that will do.
struct DecoderFiles {
    let directory: String
    let layout: BaseWeights.Layout
    /// The whole checkpoint, if `path` is one.
    private let files: ModelFiles?
    private let path: String

    init(path: String, variant: String?) throws {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        if Self.holds(path, "model.safetensors") {
            (directory, layout) = (self.path, .original)
            files = try? ModelFiles(path: path, variant: variant)  // a decoder alone is enough here
        } else if Self.holds(path, "diffusion_pytorch_model.safetensors") {
            (directory, layout, files) = (self.path, .diffusers, nil)
        } else {
            let files = try ModelFiles(path: path, variant: variant)
            directory = files.transformer
            layout = files.layout == .original ? .original : .diffusers
            self.files = files
        }
    }

    /// The decoder's weights, open.
    func weights() throws -> BaseWeights { try BaseWeights(directory: directory, layout: layout) }

    /// Whether the base is a turbo variant, if its configuration says.
    var isTurbo: Bool? {
        guard let files, let configuration = try? ModelConfiguration(files: files) else { return nil }
        return configuration.variant == .turbo
    }

    /// What a copy of the checkpoint has to take over.
    ///
    /// A bundle loses its other variants; a model whose text encoder and autoencoder lie beside it gets them inside.
    var trees: [CheckpointTree] {
        guard let files else { return [CheckpointTree(path)] }
        guard directory == path, layout == .original else {
            let others = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []  // listed a moment ago
            let excluded = others.filter { $0.hasPrefix("acestep-v15-") && $0 != files.name }
            return [CheckpointTree(path, excluding: Set(excluded))]
        }
        let beside = [files.autoencoder, files.textEncoder, files.silence].compactMap { $0 }
        return [CheckpointTree(path)]
            + beside.filter { !$0.hasPrefix(path + "/") }.map { CheckpointTree($0, as: Self.lastComponent($0)) }
    }

    private static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    private static func holds(_ directory: String, _ name: String) -> Bool {
        ["", ".index.json"].contains { FileManager.default.fileExists(atPath: "\(directory)/\(name)\($0)") }
    }
}
